"""Evaluate every member of a Pareto set over a whole split, which gives its front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError, FrontError
from ...methods import ParetoSet
from ...metrics import Front
from ...tasks import Problem, Progress, silent
from ...tasks.objectives import checked_objectives
from ..cells.cell import MAX_POINTS
from ..records.evaluation import Evaluation
from ..records.example_errors import ExampleErrorsSoFar
from .checked_set import check_model


def evaluate_members(
    problem: Problem,
    pareto_set: ParetoSet,
    preferences: NDArray[np.float64],
    split: str,
    progress: Progress = silent,
) -> Evaluation:
    """Evaluate a continuous set at every row of `preferences` (n, T), a finite set at the members it holds.

    Raises:
        FrontError: an error or a loss is NaN or infinite, or a member is not a plain model of the architecture.
        ConfigError: the problem's `evaluate` returns something else than objectives of its tasks.
    """
    n_members = pareto_set.n_members(preferences)
    errors, losses, answered, labels = [], [], [], []
    by_example = ExampleErrorsSoFar(n_members)
    problem.model.eval()  # a learner may have left training mode on: batch statistics must not decide a score
    for preference, label, params in pareto_set.members(preferences):
        check_model(params, problem)
        objectives = checked_objectives(problem.evaluate(params, split), problem.tasks).require_finite(problem.tasks)
        errors.append(objectives.error)
        losses.append(objectives.loss)
        by_example.add(objectives.wrong)
        labels.append(str(label))
        if preference is not None:
            answered.append(preference)
        progress("evaluate", len(errors), n_members, unit="models")
    if len(errors) != n_members or len(answered) not in (0, len(errors)):
        raise FrontError(
            f"the Pareto set was to yield {n_members} members, all or none with a preference; "
            f"found {len(errors)}, {len(answered)} of them with one"
        )
    return Evaluation(
        error=np.array(errors),
        loss=np.array(losses),
        preferences=np.array(answered) if answered else None,
        labels=tuple(labels),
        example_errors=by_example.collected(),
        notes=(f"its errors by example are left out: {by_example.left_out}",) if by_example.left_out else (),
    )


def check_size(pareto_set: ParetoSet, preferences: NDArray[np.float64]) -> None:
    """Raise ConfigError where a set has more members than a recorded front has points, see `MAX_POINTS`."""
    n_members = pareto_set.n_members(preferences)
    if n_members > MAX_POINTS:
        raise ConfigError(f"a front is recorded of {MAX_POINTS:,} points at most, found a set of {n_members:,} models")


def evaluate(problem: Problem, pareto_set: ParetoSet, preferences: NDArray[np.float64], split: str = "test") -> Front:
    """Return the front of per-task errors that a set reaches on a split.

    Args:
        problem: the problem the set was learned from.
        pareto_set: the set that `Learner.fit` returned.
        preferences: points of the simplex, shape (n, T), see `simplex_grid`.
        split: a split of the problem; suites have train, val and test.

    Raises:
        UnknownNameError: the problem has no such split.
        FrontError: an error or a loss is NaN or infinite, or a member is not a plain model of the architecture.
        ConfigError: the problem's `evaluate` returns something else than objectives of its tasks.
    """
    return evaluate_members(problem, pareto_set, preferences, split).front()
