"""The conformance tests find what is wrong with a suite, and only that."""

import inspect

import pytest
import torch

import frontrunner as fr
from frontrunner.testing import SuiteConformance, permuted_problem, tiny_problem


class Broken(fr.Suite):
    """Three random classifications; one thing is wrong with it."""

    name = "tiny"
    version = "1"
    tasks = ("task0", "task1", "task2")

    def __init__(self, fault):
        self.fault = fault
        self.prepared = 0
        if fault == "promises another budget":
            self.budget = fr.Budget(steps=1, batch_size=1)

    def prepare(self, tasks, *, device, seed, progress):
        self.prepared += 1
        problem = tiny_problem(seed=seed + self.prepared if self.fault == "ignores the seed" else seed)
        if self.fault == "seeds the global generator":
            torch.manual_seed(seed)
        if self.fault == "draws from the global generator":
            problem.pretrained["scale"].copy_(torch.rand(6))
        if self.fault == "experts stay as they were":
            problem.experts = tuple({n: w.clone() for n, w in problem.pretrained.items()} for _ in range(3))
        if self.fault != "ignores the order":
            problem = permuted_problem(problem, [self.tasks.index(task) for task in tasks])
        return problem


RANDOM = {
    "test_same_seed_same_problem",
    "test_global_randomness_decides_nothing_and_is_not_seeded",
    "test_objectives_come_in_the_order_that_was_asked_for",
}
FOUND_BY = {
    "": set(),
    "ignores the seed": RANDOM,
    "draws from the global generator": RANDOM,
    "seeds the global generator": {"test_global_randomness_decides_nothing_and_is_not_seeded"},
    "ignores the order": {"test_objectives_come_in_the_order_that_was_asked_for"},
    "promises another budget": {"test_the_problem_is_that_of_the_tasks"},
    "experts stay as they were": {"test_models_are_finite_and_need_no_gradients"},
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_fault_is_found_by_the_tests_that_are_about_it(fault):
    suite, conformance = Broken(fault), SuiteConformance()
    conformance.tasks_are_independent = True

    def prepare(tasks):
        return suite.prepare(tuple(tasks), device=torch.device("cpu"), seed=0, progress=None)

    problem = prepare(suite.tasks)
    given = {
        "suite": suite,
        "tasks": suite.tasks,
        "prepare": prepare,
        "problem": problem,
        "batch": next(problem.batches("train", 8, torch.Generator())),
        "split": "val",
    }
    found = set()
    for name, test in inspect.getmembers(conformance, callable):
        if name.startswith("test_"):
            try:
                test(**{wanted: given[wanted] for wanted in inspect.signature(test).parameters})
            except (AssertionError, pytest.fail.Exception):
                found.add(name)
    assert found == FOUND_BY[fault]
