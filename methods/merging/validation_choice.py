"""Choosing among models by the validation split, never by the test split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from ...tasks.problem import Params, Problem

Candidate = TypeVar("Candidate")


def choose_on_validation(
    problem: Problem, candidates: Sequence[Candidate], make: Callable[[Candidate], Params]
) -> Candidate:
    """Return the candidate whose model has the least mean error on the validation split, the first of equals.

    A model that is not finite on some task is chosen only where no other is left.

    Args:
        problem: evaluates a model on every task.
        candidates: one or more.
        make: function from a candidate to a model's weights; one model is held at a time.
    """

    def mean_error(candidate: Candidate) -> float:
        found = problem.evaluate(make(candidate), "val")
        return float(found.error.mean()) if found.finite else math.inf

    return min(candidates, key=mean_error)
