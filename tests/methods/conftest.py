import dataclasses

import pytest

import frontrunner as fr
from frontrunner.testing import permuted_problem, tiny_problem


@pytest.fixture
def make_tiny():
    return tiny_problem


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


@pytest.fixture
def permuted():
    """From a problem and an order to the same tasks in that order."""
    return permuted_problem
