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
        if self.fault == "global generator":
            torch.rand(1)
        if self.fault == "experts stay as they were":
            problem.experts = (problem.pretrained,) * 3
        if self.fault != "ignores the order":
            problem = permuted_problem(problem, [self.tasks.index(task) for task in tasks])
        return problem


FOUND_BY = {
    "": set(),
    "ignores the seed": {"test_same_seed_same_problem", "test_objectives_come_in_the_order_that_was_asked_for"},
    "ignores the order": {"test_objectives_come_in_the_order_that_was_asked_for"},
    "global generator": {"test_global_randomness_is_neither_used_nor_changed"},
    "promises another budget": {"test_the_problem_is_that_of_the_tasks"},
    "experts stay as they were": {"test_models_are_finite_and_need_no_gradients"},
}


@pytest.mark.parametrize("fault", FOUND_BY)
def test_a_fault_is_found_by_the_tests_that_are_about_it(fault):
    suite, conformance = Broken(fault), SuiteConformance()

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
