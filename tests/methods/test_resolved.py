"""Configurations that are known before a problem is prepared."""

import dataclasses

import pytest
from quick_suites import FEW_TASKS, SUITES, barely_train

import frontrunner as fr
from frontrunner.tasks import SUITES as REGISTRY

DECLARING = [name for name in fr.list_suites() if REGISTRY.get(name).budget is not None]
BUDGET = fr.Budget(steps=123, batch_size=7, lr=0.004)


def resolved(method, n_tasks=3, **options):
    return fr.make_learner(method, **options).resolved_for(BUDGET, n_tasks)


@pytest.fixture
def quick_experts(monkeypatch, tmp_path):
    """A suite's budget has nothing to do with how good its experts are."""
    barely_train(monkeypatch, tmp_path)


def test_the_built_in_suites_declare_a_budget():
    assert {"vision-mini", "linear-net", "merging-toy", "vlmop2", "zdt1", "dtlz2"} <= set(DECLARING)


@pytest.mark.parametrize("suite", [suite for suite in SUITES if getattr(suite, "values", [suite])[0] in DECLARING])
def test_a_declared_budget_is_that_of_the_prepared_problem(suite, quick_experts):
    assert fr.load_problem(suite, FEW_TASKS.get(suite)).budget == REGISTRY.get(suite).budget


def test_a_suite_need_not_declare_one():
    assert fr.Suite.budget is None


@pytest.mark.parametrize("method", sorted(fr.list_methods()))
def test_known_before_and_for_the_prepared_problem_are_one(method, make_points):
    learner = fr.make_learner(method)
    problem = make_points()
    assert learner.resolved(problem) == learner.resolved_for(problem.budget, problem.n_tasks)
    unset = {field.name for field in dataclasses.fields(learner.config) if getattr(learner.config, field.name) is None}
    for name, value in vars(learner.resolved(problem)).items():
        if name not in unset:
            assert value == getattr(learner.config, name)


def test_the_budget_fills_what_was_left_unset():
    config = resolved("ls", steps=50)
    assert (config.steps, config.batch_size, config.lr) == (50, 7, 0.004)
    assert resolved("pwe-moe-ls").lr == 1e-2  # has a default of its own


@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo", "pwe-moe-stch"])
def test_hidden_units_are_twice_the_tasks_unless_set(method, tiny):
    assert resolved(method, n_tasks=5).hidden_size == 10
    assert resolved(method, n_tasks=5, hidden_size=3).hidden_size == 3
    learned = fr.make_learner(method, steps=1).fit(tiny, fr.simplex_grid(3, 2), fr.Context())
    assert learned.network.biases[0].shape[1] == 6


def test_evaluations_are_three_for_every_number_of_a_quadratic_unless_set():
    assert resolved("map", n_tasks=3).evaluations == 30
    assert resolved("map", n_tasks=8).evaluations == 135
    assert resolved("map", n_tasks=3, evaluations=11).evaluations == 11


def test_what_only_a_problem_tells_stays_unset():
    assert resolved("ties-merging", conditioned=True).coefficient is None
    assert resolved("map").sigmoid is None
