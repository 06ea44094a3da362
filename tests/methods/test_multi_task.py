"""`multi-task` trains until validation no longer improves, keeps its best state, and says what it took."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.testing import tiny_problem

GRID = np.eye(3)


@pytest.fixture
def problem():
    return tiny_problem()


def fitted(problem, **options):
    learner = fr.make_learner("multi-task", **{"lr": 1e-2, "batch_size": 8, "check_every": 5, **options})
    return learner, learner.fit(problem, GRID, fr.Context(seed=1))


def validation_error(problem, pareto_set):
    ((_, _, params),) = pareto_set.members(GRID)
    return float(problem.evaluate(params, "val").error.mean())


def test_it_ends_by_itself_and_says_what_it_took(problem):
    learner, found = fitted(problem, steps=5000, patience=2)
    declared = learner.needs(problem, GRID)
    assert found.diagnostics()["converged"] == 1.0
    assert declared.training.steps == 5000
    assert found.needed.training.steps < 5000
    assert found.needed.gradient_examples == 3 * 8 * found.needed.training.steps
    checks = found.needed.training.steps // 5 + 1
    assert found.needed.forward_examples == checks * sum(problem.n_examples("val")) < declared.forward_examples


def test_the_cap_ends_it_too(problem):
    _, found = fitted(problem, steps=7)
    assert found.diagnostics()["converged"] == 0.0
    assert found.needed.training.steps == 7


def test_the_best_state_on_validation_is_the_answer(problem, monkeypatch):
    errors, evaluate = [], problem.evaluate

    def noted(params, split):
        found = evaluate(params, split)
        errors.append((split, float(found.error.mean())))
        return found

    monkeypatch.setattr(problem, "evaluate", noted)
    _, found = fitted(problem, steps=60, lr=3e-2)
    assert {split for split, _ in errors} == {"val"}
    least = min(error for _, error in errors)
    assert least < errors[0][1]  # the pre-trained model is looked at first
    assert found.diagnostics()["validation_error"] == least
    assert validation_error(problem, found) == least


def test_a_training_that_only_makes_it_worse_gives_the_pretrained_model(problem, monkeypatch):
    evaluate, looks = problem.evaluate, []

    def worse_each_time(params, split):
        looks.append(split)
        found = evaluate(params, split)
        return fr.tasks.Objectives(np.full(3, 0.1 * len(looks)), found.loss)

    monkeypatch.setattr(problem, "evaluate", worse_each_time)
    _, found = fitted(problem, steps=50, patience=2)
    ((_, _, params),) = found.members(GRID)
    assert all(torch.equal(params[name], problem.pretrained[name]) for name in params)
    assert found.needed.training.steps == 20  # two checks at each of two learning rates


def test_unset_options_follow_the_budget_of_the_suite(problem):
    resolved = fr.make_learner("multi-task").resolved(problem)
    assert (resolved.steps, resolved.check_every) == (10 * problem.budget.steps, max(1, problem.budget.steps // 8))
