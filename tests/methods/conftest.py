import dataclasses

import pytest

import frontrunner as fr
from frontrunner.registry import import_plugin


@pytest.fixture
def make_tiny(request):
    plugin, _ = import_plugin(request.config.rootpath / "tests" / "tiny_plugin.py")
    return plugin.tiny_problem


@pytest.fixture
def tiny(make_tiny):
    return make_tiny()


@pytest.fixture
def make_points():
    """Objectives |x - e_t|^2 for three tasks: linear scalarization's optimum for r is x = r."""

    def make(**budget):
        problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
        problem.budget = dataclasses.replace(problem.budget, **budget)
        return problem

    return make


@pytest.fixture(scope="session")
def permuted():
    """From a problem and an order to the same tasks in that order."""

    def permute(problem, order):
        return fr.ClassificationProblem(
            name=problem.name,
            tasks=[problem.tasks[t] for t in order],
            model=problem.model,
            pretrained=problem.pretrained,
            experts=[problem.experts[t] for t in order],
            budget=problem.budget,
            data=[problem.data[t] for t in order],
            heads=[problem.heads[t] for t in order],
        )

    return permute
