"""Tests of what only some learners do: the tests of a learner subclass the classes of the claims it makes.

As with `LearnerConformance`, a test class overrides the fixture `learner`.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from ..errors import UnsupportedError
from ..methods import Context, Learner
from ..metrics import simplex_grid
from ..tasks import ClassificationProblem, Problem, load_problem
from .fits import Fits
from .tiny_problem import permuted_problem, tiny_problem

TOY = "merging-toy"
GRID = simplex_grid(3, 3)
ORDER = [2, 0, 1]


class Claim:
    """The fixtures that all claims share: the learner, and the problem it is tested on."""

    @pytest.fixture
    def learner(self) -> Learner:
        """The learner that is tested; every subclass overrides this fixture."""
        raise NotImplementedError("override the fixture `learner`: it returns the learner that is tested")

    @pytest.fixture
    def problem(self) -> Problem:
        """Three distances whose Pareto set is the simplex of merge coefficients."""
        return load_problem(TOY, ["e1", "e2", "e3"])


class ExpertsAtCorners(Claim):
    """All weight on one task gives that task's expert."""

    @pytest.fixture
    def problem(self) -> Problem:
        """A problem with a tiny network."""
        return tiny_problem()

    def test_experts_are_its_corners(self, learner: Learner, problem: Problem) -> None:
        """Answer t at corner t of the simplex equals expert t."""
        pareto_set = Fits(learner, problem).first
        for corner, expert in zip(np.eye(problem.n_tasks), problem.experts, strict=True):
            params = pareto_set.solve(corner)
            for name, tensor in expert.items():
                torch.testing.assert_close(params[name], tensor, atol=1e-4, rtol=1e-4)


class ErrorFallsWithWeight(Claim):
    """The more weight a task gets, the smaller its error; configure the learner with enough steps to converge."""

    def test_a_tasks_error_falls_as_its_weight_rises(self, learner: Learner, problem: Problem) -> None:
        """Along a path of preferences to a task, its error never rises and falls by 0.3 or more."""
        path = np.array([[w, (1 - w) / 2, (1 - w) / 2] for w in (0.1, 0.3, 0.5, 0.7, 0.9)])
        pareto_set = learner.fit(problem, path, Context())
        errors = [problem.evaluate(pareto_set.solve(r), "test").error[0] for r in path]
        assert all(later <= earlier + 1e-6 for earlier, later in itertools.pairwise(errors))
        assert errors[-1] < errors[0] - 0.3


class PermutedWithTasks(Claim):
    """No task is preferred for its place: tasks in another order give the same answers in that order."""

    def test_answers_are_permuted_with_the_tasks(self, learner: Learner, problem: Problem) -> None:
        """The losses on the reordered problem are those on the original, reordered."""
        reordered = (
            permuted_problem(problem, ORDER)
            if isinstance(problem, ClassificationProblem)
            else load_problem(TOY, [problem.tasks[t] for t in ORDER])
        )
        one = learner.fit(problem, GRID, Context())
        other = learner.fit(reordered, GRID[:, ORDER], Context())
        for preference in GRID:
            expected = problem.evaluate(one.solve(preference), "test").loss[ORDER]
            found = reordered.evaluate(other.solve(preference[ORDER]), "test").loss
            np.testing.assert_allclose(found, expected, atol=2e-3)


class OneModelForAll(Claim):
    """The set holds one model, which answers every preference."""

    def test_one_model_whatever_the_preference(self, learner: Learner, problem: Problem) -> None:
        """There is one member and every answer is equal."""
        pareto_set = Fits(learner, problem).first
        assert pareto_set.n_members(GRID) == 1
        answers = [pareto_set.solve(preference)["x"] for preference in GRID]
        assert all(torch.equal(answers[0], answer) for answer in answers)


class NeedsNetwork(Claim):
    """The learner looks inside predictions or layers, which a problem in closed form does not have."""

    def test_what_needs_a_network_says_so(self, learner: Learner, problem: Problem) -> None:
        """The fit is refused in a sentence."""
        with pytest.raises(UnsupportedError, match=r"\w+ .*"):
            Fits(learner, problem).fit()
