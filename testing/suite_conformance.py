"""Tests that every suite must pass."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ..errors import UnknownNameError
from ..harness.running.problem_digest import digest_problem
from ..metrics import Front
from ..tasks import Batch, ClassificationProblem, Problem, Suite, silent

SPLITS = ("train", "val", "test")
BATCH_SIZE = 8
PROGRAM_SEED = 987_654_321
"""The seed of the program around a preparation, which no suite would choose itself."""


class SuiteConformance:
    """Every suite must pass these tests; subclass it and override the fixture `suite`.

    Override `tasks` where preparing all of them takes long, and `prepare` where a suite needs more than one call.
    """

    tasks_are_independent: ClassVar[bool] = False
    """Whether a task's data and expert are the same whichever other tasks are prepared with it; tested where True."""
    _known: ClassVar[dict[tuple[object, ...], Problem]]
    """The problems of this class's tests, by what was prepared."""

    def __init_subclass__(cls) -> None:
        cls._known = {}

    @pytest.fixture
    def suite(self) -> Suite:
        """The suite that is tested; every subclass overrides this fixture."""
        raise NotImplementedError("override the fixture `suite`: it returns the suite that is tested")

    @pytest.fixture
    def tasks(self, suite: Suite) -> Sequence[str]:
        """The tasks to prepare: all of the suite's."""
        return suite.tasks

    @pytest.fixture
    def prepare(self, suite: Suite) -> Callable[[Sequence[str]], Problem]:
        """A function that prepares the given tasks of the suite anew, on the CPU with seed 0."""
        return lambda tasks: suite.prepare(suite.choose(tasks), device=torch.device("cpu"), seed=0, progress=silent)

    @pytest.fixture
    def problem(
        self,
        suite: Suite,
        tasks: Sequence[str],
        prepare: Callable[[Sequence[str]], Problem],
    ) -> Problem:
        """The suite's problem, shared by the tests that only look at it."""
        key = (suite.name, *tasks)
        if key not in self._known:
            self._known[key] = prepare(tasks)
        return self._known[key]

    @pytest.fixture
    def batch(self, problem: Problem) -> Batch:
        """A mini-batch of every task."""
        return _first_batch(problem, seed=0)

    def test_it_says_what_it_is(self, suite: Suite) -> None:
        """The suite has a name, a version and distinct tasks; what it promises of its preparation can be kept."""
        assert suite.name
        assert suite.version
        assert suite.tasks
        assert len(set(suite.tasks)) == len(suite.tasks)
        assert suite.cpu_threads is None or suite.cpu_threads > 0
        assert all(importlib.util.find_spec(module) is not None for module in suite.imports)

    def test_an_unknown_task_is_refused(self, suite: Suite) -> None:
        """An unknown task raises an error that names the nearest one."""
        with pytest.raises(UnknownNameError, match=re.escape(suite.tasks[0])):
            suite.choose([f"{suite.tasks[0]}x"])

    def test_the_problem_is_that_of_the_tasks(self, suite: Suite, tasks: Sequence[str], problem: Problem) -> None:
        """The problem has the suite's name, the tasks in order, a finite reference point and the promised budget."""
        assert problem.name == suite.name
        assert problem.tasks == tuple(tasks)
        assert suite.has_examples == any(problem.n_examples("train"))
        assert problem.reference_point.shape == (len(tasks),)
        assert np.isfinite(problem.reference_point).all()
        assert suite.budget in (None, problem.budget)

    def test_a_known_architecture_is_that_of_the_problem(
        self, suite: Suite, tasks: Sequence[str], problem: Problem
    ) -> None:
        """Where the suite tells its architecture early, modules, names and shapes are the problem's, without values."""
        known = suite.architecture(suite.choose(tasks))
        if known is not None:
            described = [
                [(name, type(module)) for name, module in model.named_modules()] for model in (known, problem.model)
            ]
            assert described[0] == described[1]
            early, late = known.state_dict(), problem.model.state_dict()
            assert {name: tensor.shape for name, tensor in early.items()} == {n: t.shape for n, t in late.items()}
            assert all(tensor.is_meta for tensor in early.values())

    def test_models_are_finite_and_need_no_gradients(self, problem: Problem) -> None:
        """The pre-trained model and every expert are plain weights, and experts are not the pre-trained model.

        A mask that is the same in all models may hold infinity.
        """
        for params in (problem.pretrained, *problem.experts):
            assert all(params[name].isfinite().all() for name in problem.merged)
            assert not any(tensor.requires_grad for tensor in params.values())
        for expert in problem.experts:
            assert any(not torch.equal(tensor, problem.pretrained[name]) for name, tensor in expert.items())

    def test_same_seed_same_problem(
        self, tasks: Sequence[str], problem: Problem, prepare: Callable[[Sequence[str]], Problem]
    ) -> None:
        """Prepared again, models and data are the same to the byte."""
        again = prepare(tasks)
        assert digest_problem(again) == digest_problem(problem)
        for split in SPLITS:
            for one, other in zip(_evaluated(problem, split), _evaluated(again, split), strict=True):
                assert one.tobytes() == other.tobytes()

    def test_global_randomness_decides_nothing_and_is_not_seeded(
        self, tasks: Sequence[str], problem: Problem, prepare: Callable[[Sequence[str]], Problem]
    ) -> None:
        """All randomness comes from the suite's seed, and the generator of the program keeps the seed it had."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(PROGRAM_SEED)
            again = prepare(tasks)
            seed_left = torch.initial_seed()
        assert digest_problem(again) == digest_problem(problem)
        assert seed_left == PROGRAM_SEED

    def test_objectives_come_in_the_order_that_was_asked_for(
        self, tasks: Sequence[str], problem: Problem, prepare: Callable[[Sequence[str]], Problem]
    ) -> None:
        """Tasks in reverse order give the experts, the objectives and the reference point in reverse order."""
        backward = prepare(tuple(tasks)[::-1])
        assert backward.tasks == problem.tasks[::-1]
        np.testing.assert_array_equal(backward.reference_point, problem.reference_point[::-1])
        if self.tasks_are_independent:
            # Models are compared by what they do, since a suite may number its weights after the tasks.
            models = [problem.pretrained, *problem.experts]
            reordered = [backward.pretrained, *backward.experts[::-1]]
            for one, other in zip(models, reordered, strict=True):
                expected, found = problem.evaluate(one, "val"), backward.evaluate(other, "val")
                np.testing.assert_allclose(found.error[::-1], expected.error, rtol=1e-6, atol=1e-9)
                np.testing.assert_allclose(found.loss[::-1], expected.loss, rtol=1e-6, atol=1e-9)

    def test_losses_are_those_of_the_tasks_one_by_one(self, problem: Problem, batch: Batch) -> None:
        """`losses`, `task_loss` and `losses_by_model` of T equal models agree."""
        params = problem.experts[0]
        together = problem.losses(params, batch)
        assert together.shape == (problem.n_tasks,)
        alone = [problem.task_loss(t, params, batch) for t in range(problem.n_tasks)]
        torch.testing.assert_close(together, torch.stack(alone))
        torch.testing.assert_close(problem.losses_by_model([params] * problem.n_tasks, batch), together)

    def test_losses_of_several_models_are_each_models_own(self, problem: Problem, batch: Batch) -> None:
        """Entry t of `losses_by_model` is the loss of model t on task t."""
        found = problem.losses_by_model(problem.experts, batch)
        own = [problem.task_loss(t, expert, batch) for t, expert in enumerate(problem.experts)]
        torch.testing.assert_close(found, torch.stack(own))

    def test_every_loss_has_finite_gradients(self, problem: Problem, batch: Batch) -> None:
        """Each loss can be differentiated in the weights, and the pre-trained model is no minimum of any."""
        params = {name: tensor.clone() for name, tensor in problem.pretrained.items()}
        weights = [params[name].requires_grad_() for name, _ in problem.model.named_parameters()]
        for loss in problem.losses(params, batch):
            gradients = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
            assert all(gradient.isfinite().all() for gradient in gradients)
            assert any(gradient.any() for gradient in gradients)

    def test_batches_depend_on_the_generator_only(self, problem: Problem) -> None:
        """Equal generators give equal batches."""
        params = problem.pretrained
        one, same = (problem.losses(params, _first_batch(problem, seed=2)) for _ in range(2))
        assert torch.equal(one, same)

    @pytest.mark.parametrize("split", SPLITS)
    def test_a_split_is_evaluated_finitely_and_without_gradients(self, split: str, problem: Problem) -> None:
        """Errors and losses are T finite numbers, the same each time; shares of wrong answers are in [0, 1]."""
        assert len(problem.n_examples(split)) == problem.n_tasks
        for params in (problem.pretrained, problem.experts[-1]):
            found = problem.evaluate(params, split)
            assert found.error.shape == found.loss.shape == (problem.n_tasks,)
            assert found.finite
            again = problem.evaluate(params, split)
            assert found.error.tobytes() == again.error.tobytes()
            if isinstance(problem, ClassificationProblem):
                assert (found.error >= 0).all()
                assert (found.error <= 1).all()

    def test_an_unknown_split_names_the_nearest(self, problem: Problem) -> None:
        """An unknown split raises an error that names the nearest one."""
        with pytest.raises(UnknownNameError, match="did you mean 'test'"):
            problem.evaluate(problem.pretrained, "tset")
        with pytest.raises(UnknownNameError, match="did you mean 'train'"):
            problem.batches("trian", 1, torch.Generator())

    def test_no_point_of_a_known_front_dominates_another(self, problem: Problem) -> None:
        """A known true front holds non-dominated points only, and no model of the problem beats it."""
        if problem.pareto_front is not None:
            front = Front(problem.pareto_front)
            assert front.n_points == front.non_dominated().n_points
            for params in (problem.pretrained, *problem.experts):
                found = problem.evaluate(params, "test").error
                assert not (found < front.objectives - 1e-6).all(axis=1).any()

    def test_a_known_front_dominates_the_reference_point(self, problem: Problem) -> None:
        """Some point of a known front is better than the reference point in every objective."""
        if problem.pareto_front is not None:
            assert (problem.pareto_front < problem.reference_point).all(axis=1).any()


def _first_batch(problem: Problem, *, seed: int) -> Batch:
    return next(problem.batches("train", BATCH_SIZE, torch.Generator().manual_seed(seed)))


def _evaluated(problem: Problem, split: str) -> list[NDArray[np.float64]]:
    """Return the (T,) errors and the (T,) losses of the pre-trained model on the problem's tasks."""
    found = problem.evaluate(problem.pretrained, split)
    return [found.error, found.loss]
