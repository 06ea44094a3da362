"""Every registered suite conforms; a new one is tested by being registered."""

import pytest

import frontrunner as fr
from frontrunner.tasks import SUITES
from frontrunner.tasks.fine_tuning import FineTuning
from frontrunner.tasks.vision_mini import vision_mini_suite as vision_mini
from frontrunner.testing import SuiteConformance

FEW_TASKS = {"vision-mini": ("optdigits", "emoji")}
"""Of suites whose preparation takes long."""


class TestRegistered(SuiteConformance):
    tasks_are_independent = True

    @pytest.fixture(autouse=True)
    def barely_trained_experts(self, tmp_path, monkeypatch):
        """Each test trains its own, so that no two preparations are one file that was read twice."""
        monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
        monkeypatch.setattr(vision_mini, "EXPERT", FineTuning(steps=3, batch_size=8, peak_lr=1e-3))

    @pytest.fixture(params=fr.list_suites())
    def suite(self, request):
        return SUITES.get(request.param)()

    @pytest.fixture
    def tasks(self, suite):
        return FEW_TASKS.get(suite.name, suite.tasks)
