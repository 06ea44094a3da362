"""The learner and the suite that CONTRIBUTING prints conform."""

import re

import pytest

from frontrunner.plugin_import import import_plugin
from frontrunner.testing import LearnerConformance, SuiteConformance


@pytest.fixture(scope="module")
def printed(request, tmp_path_factory):
    """The modules of its Python blocks, by the file name that each begins with."""
    text = (request.config.rootpath / "CONTRIBUTING.md").read_text()
    folder = tmp_path_factory.mktemp("contributing")
    modules = {}
    for block in re.findall(r"```python\n# (\S+)\n(.*?)```", text, flags=re.DOTALL):
        (folder / block[0]).write_text(block[1])
        modules[block[0]], _ = import_plugin(folder / block[0])
    return modules


class TestLearner(LearnerConformance):
    @pytest.fixture
    def learner(self, printed):
        return printed["mine.py"].Towards()


class TestSuite(SuiteConformance):
    @pytest.fixture
    def suite(self, printed):
        return printed["my_suite.py"].Blobs()
