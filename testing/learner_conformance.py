"""Tests that every learner must pass."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ..errors import PreferenceError
from ..methods import ROOT_PART, Checkpoints, Learner
from ..methods.recurrent_layers import lies_in
from ..tasks import ClassificationProblem, Problem, load_problem
from .fits import Fits
from .tiny_problem import tiny_problem


class LearnerConformance:
    """Every learner must pass these tests; subclass it and override the fixture `learner`.

    Configure the learner so that a fit takes about a second, with some 30 steps; the tests share its fits.
    Override `merges_task_vectors` and `trains_whole_models` where the answer is yes; the tests check either answer.
    """

    weight_of_its_own: ClassVar[str | None] = None
    """Name of a weight whose memory no two members may share; None asks that there is some such weight."""

    _known: ClassVar[dict[tuple[object, ...], Fits]]
    """The fits of this class's tests by what was fitted; a fixture of wider scope would force it on those it uses."""

    def __init_subclass__(cls) -> None:
        cls._known = {}

    def merges_task_vectors(self, learner: Learner) -> bool:
        """Return whether its answers are the pre-trained model plus task vectors, with coefficients that it gives."""
        return False

    def trains_whole_models(self, learner: Learner) -> bool:
        """Return whether it trains all of a model's weights, or a map to them."""
        return False

    @pytest.fixture
    def learner(self) -> Learner:
        """The learner that is tested; every subclass overrides this fixture."""
        raise NotImplementedError("override the fixture `learner`: it returns the learner that is tested")

    @pytest.fixture(params=["tiny", "merging-toy"])
    def problem(self, request: pytest.FixtureRequest) -> Problem:
        """The problem to learn from: a tiny network, and three distances whose front is known."""
        return tiny_problem() if request.param == "tiny" else load_problem("merging-toy", ["e1", "e2", "e3"])

    @pytest.fixture
    def fits(self, learner: Learner, problem: Problem) -> Fits:
        """The learner's fits of the problem; equal learners share them."""
        key = (type(learner), repr(learner.config), problem.name, problem.tasks)
        return self._known.setdefault(key, Fits(learner, problem))

    def test_front_is_finite_and_of_the_right_shape(self, fits: Fits) -> None:
        """The front has one column per task and no number below zero; evaluation has refused what is not finite."""
        objectives = fits.first_objectives
        assert objectives.shape[1] == fits.problem.n_tasks
        assert (objectives >= 0).all()
        if isinstance(fits.problem, ClassificationProblem):  # its errors are shares of wrong answers
            assert (objectives <= 1).all()

    def test_what_can_be_fitted_passes_its_checks(self, fits: Fits) -> None:
        """`check` accepts the problem, `check_model` its architecture without values, and no pass is made."""
        problem = fits.problem
        passes = problem.forward_passes
        fits.learner.check(problem)
        fits.learner.check_model(deepcopy(problem.model).to("meta"), problem.n_tasks)
        assert problem.forward_passes == passes

    def test_same_seed_same_front_to_the_byte(self, fits: Fits) -> None:
        """Another fit with the same seed gives the same front."""
        assert fits.second.objectives.tobytes() == fits.first_objectives.tobytes()

    def test_members_fit_the_architecture_and_share_no_memory(self, fits: Fits) -> None:
        """Members are plain models in the pre-trained one's types; making one does not write to another."""
        members, copies = [], []
        for _, _, params in fits.first.members(fits.grid):
            fits.problem.model.load_state_dict(params, strict=True)
            assert not any(tensor.requires_grad for tensor in params.values())
            assert all(tensor.dtype == fits.problem.pretrained[name].dtype for name, tensor in params.items())
            members.append(params)
            copies.append({name: tensor.clone() for name, tensor in params.items()})
        for member, copy in zip(members, copies, strict=True):
            assert all(torch.equal(tensor, copy[name]) for name, tensor in member.items())
        if len(members) > 1:
            weights = [self.weight_of_its_own] if self.weight_of_its_own else list(members[0])
            places = [len({params[name].data_ptr() for params in members}) for name in weights]
            assert max(places) == len(members)

    def test_answers_are_merged_with_the_coefficients_that_the_set_gives(self, fits: Fits) -> None:
        """Where a set gives coefficients, its answers are theta_0 + sum_t c_t tau_t with them."""
        pareto_set, problem = fits.first, fits.problem
        preferences = fits.grid[::2]
        given = [pareto_set.merge_coefficients(preference) for preference in preferences]
        says = self.merges_task_vectors(fits.learner)
        assert [found is not None for found in given] == [says] * len(given)
        for preference, coefficients in zip(preferences, given, strict=True):
            if coefficients is None or given[0] is None:
                continue
            assert list(coefficients) == list(given[0])
            seen = set()
            for name, answer in pareto_set.solve(preference).items():
                part = _part_of(name, coefficients)
                if part is None or not answer.is_floating_point():
                    continue
                seen.add(part)
                base = problem.pretrained[name].double()
                vectors = torch.stack([expert[name].double() - base for expert in problem.experts])
                merged = base + torch.tensordot(torch.as_tensor(coefficients[part]), vectors, dims=1)
                torch.testing.assert_close(answer.double(), merged, atol=1e-5, rtol=1e-5)
            assert seen == set(coefficients)

    def test_coefficients_of_no_point_of_the_simplex_are_refused(self, fits: Fits) -> None:
        """A set that gives coefficients refuses to give them for what is no preference."""
        if self.merges_task_vectors(fits.learner):
            for wrong in _no_preferences(fits.problem.n_tasks):
                with pytest.raises(PreferenceError):
                    fits.first.merge_coefficients(wrong)

    def test_order_of_preferences_does_not_matter(self, fits: Fits) -> None:
        """Preferences in reverse order give the same front."""
        backward = fits.objectives(fits.fit(fits.grid[::-1]), fits.grid[::-1])
        assert sorted(fits.first_objectives.tolist()) == sorted(backward.tolist())

    def test_restored_from_its_state_equals_itself(self, fits: Fits) -> None:
        """`restore` of a set's state gives the same front to the byte."""
        assert fits.restored_objectives.tobytes() == fits.first_objectives.tobytes()

    def test_interrupted_and_resumed_equals_undisturbed(self, fits: Fits, tmp_path: Path) -> None:
        """A fit interrupted at its second report goes on from its checkpoints, to the same front."""
        before, after = list[int](), list[int]()

        def interrupt(activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
            before.append(step)
            if len(before) == 2:
                raise KeyboardInterrupt

        def note(activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
            after.append(step)

        checkpoints = functools.partial(Checkpoints, tmp_path, interval_s=0)
        try:
            fits.fit(checkpoints=checkpoints(), progress=interrupt)
        except KeyboardInterrupt:
            assert any(tmp_path.iterdir())
        resumed = fits.fit(checkpoints=checkpoints(), progress=note)
        assert fits.objectives(resumed).tobytes() == fits.first_objectives.tobytes()
        if fits.learner.needs(fits.problem, fits.grid).trainings or fits.first.trainable_parameters:
            assert before  # a learner that trains reports it
            assert after
            assert after[0] > before[0]  # it did not begin again

    def test_memory_of_a_fit_is_freed(self, fits: Fits) -> None:
        """No tensor of a fit outlives its set."""
        assert not fits.second.tensors_left

    def test_fit_leaves_the_problem_as_it_was(self, fits: Fits) -> None:
        """A fit changes no weight of the problem and leaves no hook on its model."""
        assert not fits.second.problem_changes

    def test_a_preference_off_the_simplex_is_refused(self, fits: Fits) -> None:
        """A preference off the simplex gets an error instead of an answer."""
        for wrong in _no_preferences(fits.problem.n_tasks):
            with pytest.raises(PreferenceError):
                fits.first.solve(wrong)

    def test_global_randomness_is_neither_used_nor_changed(self, fits: Fits) -> None:
        """All randomness comes from the context's generators."""
        assert not fits.second.randomness_used

    def test_needs_are_declared_as_whole_numbers_and_metrics_are_finite(self, fits: Fits) -> None:
        """`needs` are whole numbers, with examples only where the problem has some; `diagnostics` are finite."""
        declared = fits.learner.needs(fits.problem, fits.grid)
        needs = {name: value for name, value in vars(declared).items() if value is not None and name != "training"}
        assert all(isinstance(value, int) and value >= 0 for value in needs.values())
        has_examples = sum(fits.problem.n_examples("train")) > 0
        assert has_examples or needs.get("labelled_examples", 0) + needs.get("unlabelled_examples", 0) == 0
        assert all(np.isfinite(value) for value in fits.first.diagnostics().values())

    def test_what_was_trained_was_looked_at(self, fits: Fits) -> None:
        """A learner that trains on data declares examples, and one that trains whole models declares trainings."""
        needs = fits.learner.needs(fits.problem, fits.grid)
        if sum(fits.problem.n_examples("train")) > 0 and fits.first.trainable_parameters:
            assert (needs.labelled_examples or 0) + (needs.unlabelled_examples or 0) > 0
        assert bool(needs.trainings) == self.trains_whole_models(fits.learner)

    def test_what_is_declared_is_what_a_fit_takes(self, fits: Fits) -> None:
        """`needs` counts examples as a fit takes them through the model, `uses_experts` says whether it reads them."""
        declared, taken = fits.learner.needs(fits.problem, fits.grid), fits.second
        needs = fits.first.needed or declared
        if needs.gradient_examples is not None and declared.gradient_examples is not None:
            assert needs.gradient_examples <= declared.gradient_examples
        if needs.gradient_examples is not None:
            assert taken.gradient_examples == needs.gradient_examples
        if needs.forward_examples is not None:
            assert taken.forward_examples <= needs.forward_examples
            assert bool(taken.forward_examples) == bool(needs.forward_examples)
        assert fits.learner.uses_experts == taken.experts_read


def _part_of(weight: str, parts: Iterable[str]) -> str | None:
    """Return the longest part that a weight is or lies in; None where no part holds it."""
    within = [part for part in parts if part == ROOT_PART or lies_in(weight, part)]
    return max(within, key=lambda part: -1 if part == ROOT_PART else len(part), default=None)


def _no_preferences(n_tasks: int) -> list[NDArray[np.float64]]:
    """Return weights that are no preference: too few, a sum above one, one below zero, one that is no number."""
    even = np.full(n_tasks, 1 / n_tasks)
    first = np.eye(n_tasks)[0]
    return [
        np.full(n_tasks - 1, 1 / max(n_tasks - 1, 1)),
        even + 0.2 * first,
        np.where(first == 1, -0.1, 1.1 / max(n_tasks - 1, 1)),
        np.where(first == 1, np.nan, even),
    ]
