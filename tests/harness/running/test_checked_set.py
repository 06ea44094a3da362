"""What `fit` returns is checked before it is evaluated, and the sentence names the learner."""

import re
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.harness.running import run_cell
from frontrunner.harness.running.checked_set import checked_set
from frontrunner.methods import METHODS
from frontrunner.registry import Entry


class Odd(fr.Learner):
    """Returns whatever it is told."""

    name = "odd"
    returns = None

    def fit(self, problem, preferences, context):
        return self.returns(problem)


class NoTasks(fr.ParetoSet):
    def solve(self, preference): ...


def a_set(n_tasks=3, total=1):
    return fr.ContinuousSet(n_tasks, dict, total_parameters=total)


RETURNED = {
    "a dict": (lambda _: {"w": 1}, "fit of 'odd' returned dict, expected a ParetoSet"),
    "nothing": (lambda _: None, "fit of 'odd' returned None, expected a ParetoSet"),
    "weights": (lambda problem: problem.pretrained, "fit of 'odd' returned dict, expected a ParetoSet"),
    "a list of models": (lambda problem: [problem.pretrained], "fit of 'odd' returned list, expected a ParetoSet"),
    "a front": (lambda _: fr.Front(np.eye(3)), "fit of 'odd' returned Front, expected a ParetoSet"),
    "a class": (lambda _: fr.FiniteSet, "fit of 'odd' returned the class FiniteSet, expected a ParetoSet"),
    "a set that says no number of tasks": (lambda _: NoTasks(), "returned a set for None tasks, tiny has 3"),
    "a set of other tasks": (lambda _: a_set(2), "fit of 'odd' returned a set for 2 tasks, tiny has 3"),
}


@pytest.mark.parametrize("case", RETURNED)
def test_what_is_no_set_is_refused_by_the_learner_s_name(case, tiny):
    make, why = RETURNED[case]
    problem = tiny.tiny_problem()
    with pytest.raises(fr.ConfigError, match=re.escape(why)):
        checked_set(Odd(), make(problem), problem)


@pytest.mark.parametrize("total", [1, np.int64(2), 3.0, torch.tensor(4)])
def test_a_set_is_returned_as_it_is(total, tiny):
    given = a_set(total=total)
    assert checked_set(Odd(), given, tiny.tiny_problem()) is given


def test_a_cell_whose_fit_returns_something_else_fails_with_that_sentence(run_bench, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS._entries, "odd", Entry("odd", "here", Odd))
    monkeypatch.setattr(Odd, "returns", staticmethod(RETURNED["a dict"][0]))
    _, (settled,) = run_bench(tmp_path / "store", ["odd"])
    assert settled.ending.reason.startswith("fit of 'odd' returned dict, expected a ParetoSet")


def test_options_that_cannot_be_recorded_once_resolved_are_refused_before_the_fit(run_bench, tmp_path, monkeypatch):
    fit = Mock()

    class Resolving(Odd):
        name = "resolving"

        def fit(self, problem, preferences, context):
            return fit()

        def resolved(self, problem):
            return object()

    monkeypatch.setitem(METHODS._entries, "resolving", Entry("resolving", "here", Resolving))
    _, (settled,) = run_bench(tmp_path / "store", ["resolving"])
    assert settled.ending.reason == "object holds options, so it must be a dataclass; decorate it as @dataclass"
    assert not fit.called


def test_a_true_front_too_long_to_be_recorded_is_refused_before_the_fit(run_bench, tmp_path, monkeypatch, tiny):
    fit = Mock()
    monkeypatch.setattr(METHODS.get("pretrained"), "fit", fit)
    load = run_cell.load_problem

    def with_a_long_front(*given, **options):
        problem = load(*given, **options)
        problem.pareto_front = np.zeros((100_001, 3))
        return problem

    monkeypatch.setattr(run_cell, "load_problem", with_a_long_front)
    _, (settled,) = run_bench(tmp_path / "store", ["pretrained"])
    assert "a true front is recorded of 100,000 points at most, tiny has 100,001" in settled.ending.reason
    assert not fit.called
