"""The conformance tests find what is wrong with a learner, and only that."""

import inspect
from dataclasses import dataclass

import pytest
import torch

import frontrunner as fr
from frontrunner.testing import LearnerConformance, tiny_problem
from frontrunner.testing.fits import Fits

LEFT = []
"""What a leaking learner keeps."""


class OneSet(fr.ParetoSet):
    """Hands out one model object, changed for every preference; takes anything for a preference."""

    trainable_parameters = 0

    def __init__(self, problem):
        self.n_tasks = problem.n_tasks
        self.total_parameters = problem.model_parameters
        self.experts = problem.experts
        self.answer = {name: tensor.clone() for name, tensor in problem.pretrained.items()}

    def solve(self, preference):
        for name, tensor in self.answer.items():
            tensor.copy_(self.experts[int(preference[0] > 0.4)][name])
        return self.answer


class Broken(fr.Learner):
    """Merges experts by the preference; one thing is wrong with it."""

    name = "broken"

    @dataclass(frozen=True)
    class Config:
        fault: str = ""

    def fit(self, problem, preferences, context):
        fault = self.config.fault
        if fault == "one model object":
            return OneSet(problem)
        noise = torch.rand(1).item() if fault == "global generator" else 0.0
        if fault == "leaks":
            LEFT.append(torch.zeros(3))
        if fault == "changes an expert":
            problem.experts[0]["scale"].add_(1)
        if fault == "leaves a hook":
            problem.model.register_forward_pre_hook(lambda *_: None)
        if fault == "depends on order":
            noise = float(preferences[0, 0])

        def merge(preference):
            return {
                name: (sum(w * expert[name] for w, expert in zip(preference, problem.experts, strict=True)) + noise).to(
                    start.dtype
                )
                for name, start in problem.pretrained.items()
            }

        return fr.ContinuousSet(problem.n_tasks, merge, total_parameters=problem.model_parameters)

    def needs(self, problem, preferences):
        fault = self.config.fault
        return fr.Needs(
            trainings=1 if fault == "declares trainings" else 0,
            gradient_examples=8 if fault == "declares gradients" else 0,
            forward_examples=8 if fault == "declares passes" else 0,
        )

    @property
    def uses_experts(self):
        return self.config.fault != "conceals the experts"


REFITS = {"test_same_seed_same_front_to_the_byte", "test_restored_from_its_state_equals_itself"}
FOUND_BY = {
    "": set(),
    "one model object": {
        "test_members_fit_the_architecture_and_share_no_memory",
        "test_a_preference_off_the_simplex_is_refused",
    },
    "global generator": {
        *REFITS,
        "test_global_randomness_is_neither_used_nor_changed",
        "test_order_of_preferences_does_not_matter",
        "test_interrupted_and_resumed_equals_undisturbed",
    },
    "leaks": {"test_memory_of_a_fit_is_freed"},
    "leaves a hook": {"test_fit_leaves_the_problem_as_it_was"},
    "depends on order": {"test_order_of_preferences_does_not_matter"},
    "declares trainings": {
        "test_what_was_trained_was_looked_at",
        "test_interrupted_and_resumed_equals_undisturbed",
    },
    "declares gradients": {"test_what_is_declared_is_what_a_fit_takes"},
    "declares passes": {"test_what_is_declared_is_what_a_fit_takes"},
    "conceals the experts": {"test_what_is_declared_is_what_a_fit_takes"},
}


def failing(conformance, **given):
    """Names of the tests that fail."""
    names = set()
    for name, test in inspect.getmembers(conformance, callable):
        if name.startswith("test_"):
            try:
                test(**{wanted: given[wanted] for wanted in inspect.signature(test).parameters})
            except (AssertionError, pytest.fail.Exception):
                names.add(name)
    return names


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_fault_is_found_by_the_tests_that_are_about_it(fault, tmp_path):
    torch.manual_seed(0)  # "global generator" draws from it, and two draws may by chance make equal fronts
    fits = Fits(Broken(Broken.Config(fault)), tiny_problem())
    assert failing(LearnerConformance(), fits=fits, tmp_path=tmp_path) == FOUND_BY[fault]


def test_a_changed_expert_is_found():
    fits = Fits(Broken(Broken.Config("changes an expert")), tiny_problem())
    assert fits.second.problem_changes == ("scale of task0",)
    with pytest.raises(AssertionError):
        LearnerConformance().test_fit_leaves_the_problem_as_it_was(fits)


def test_a_claim_that_is_not_kept_is_found():
    class Merging(LearnerConformance):
        def merges_task_vectors(self, learner):
            return True

    fits = Fits(Broken(), tiny_problem())
    with pytest.raises(AssertionError):
        Merging().test_answers_are_merged_with_the_coefficients_that_the_set_gives(fits)
