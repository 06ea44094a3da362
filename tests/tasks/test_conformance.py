"""Every registered suite conforms; a new one is tested by being registered."""

import pytest
from quick_suites import FEW_TASKS, SUITES, barely_train, take_few_texts

from frontrunner.tasks import SUITES as REGISTRY
from frontrunner.testing import SuiteConformance


class TestRegistered(SuiteConformance):
    tasks_are_independent = True

    @pytest.fixture(autouse=True)
    def barely_trained_experts(self, tmp_path, monkeypatch):
        """Each test trains its own, so that no two preparations are one file that was read twice."""
        barely_train(monkeypatch, tmp_path)
        take_few_texts(monkeypatch)

    @pytest.fixture(params=SUITES)
    def suite(self, request):
        return REGISTRY.get(request.param)()

    @pytest.fixture
    def tasks(self, suite):
        return FEW_TASKS.get(suite.name, suite.tasks)
