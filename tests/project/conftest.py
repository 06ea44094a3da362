"""The repository, as those who clone it see it: its scripts, its metadata, its pages."""

import importlib.util
import tomllib

import pytest


@pytest.fixture(scope="session")
def root(request):
    return request.config.rootpath


@pytest.fixture(scope="session")
def pyproject(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def script(root):
    """Imports a file of `scripts/`, which is no package."""

    def imported(name):
        spec = importlib.util.spec_from_file_location(f"scripts_{name}", root / "scripts" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported
