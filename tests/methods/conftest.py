import pytest

from frontrunner.registry import import_plugin


@pytest.fixture
def make_tiny(request):
    plugin, _ = import_plugin(request.config.rootpath / "tests" / "tiny_plugin.py")
    return plugin.tiny_problem


@pytest.fixture
def tiny(make_tiny):
    return make_tiny()
