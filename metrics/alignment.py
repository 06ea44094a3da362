"""Measure whether a set follows its preferences; hypervolume and IGD see points only and cannot tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canonical import require_front
from .front import Front
from .preferences import SIMPLEX_TOLERANCE

_LEAST_POINTS = 3  # two points are always in order or in reverse


def alignment(front: Front) -> float | None:
    """Return whether raising a task's weight improves that task; larger is better, from -1 to 1.

    The mean over tasks of Spearman's rank correlation, ties averaged, between the weight r_t and the improvement
    of task t, minus its minimised objective: 1 where a larger weight always means a better task, 0 where they are
    not associated, -1 where it always means a worse one. Every point counts, dominated or not.

    A task with the same objective for every preference counts as 0: raising its weight improves nothing. So the
    alignment of a single model is 0. A task with the same weight in every preference is left out. Weights that differ
    by no more than 1e-6, the tolerance of a preference, are tied; objectives only where they are equal.

    Source: Spearman, American Journal of Psychology 15, 1904, applied to each task's own weight and objective.

    Args:
        front: n points of T objectives with the preferences that they answer.

    Returns:
        None where there is nothing to measure: no preferences, fewer than 3 points, or no task whose weight changes.
    """
    require_front(front)
    if front.preferences is None or front.n_points < _LEAST_POINTS:
        return None
    weights = _centred_ranks(front.preferences, SIMPLEX_TOLERANCE)
    improvements = _centred_ranks(-front.objectives, 0.0)
    weight_squares, improvement_squares = (weights**2).sum(axis=0), (improvements**2).sum(axis=0)
    varies = weight_squares > 0
    if not varies.any():
        return None
    products = (weights * improvements).sum(axis=0)[varies]
    norms = np.sqrt(weight_squares * improvement_squares)[varies]
    return float(np.divide(products, norms, out=np.zeros_like(norms), where=norms > 0).mean())


def _centred_ranks(values: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return each column's ranks less their mean, (n, T); neighbours no further apart than the tolerance are tied."""
    n_points = len(values)
    order = np.argsort(values, axis=0, kind="stable")
    ascending = np.take_along_axis(values, order, axis=0)
    starts = np.ones((n_points + 1, values.shape[1]), dtype=np.bool_)  # row i: a tie ends before the i-th value
    with np.errstate(over="ignore"):  # an infinite step is a step
        starts[1:-1] = np.diff(ascending, axis=0) > tolerance
    places = np.arange(n_points)[:, None]
    first = np.maximum.accumulate(np.where(starts[:-1], places, 0), axis=0)
    last = np.minimum.accumulate(np.where(starts[1:], places, n_points)[::-1], axis=0)[::-1]
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, (first + last - (n_points - 1)) / 2, axis=0)
    return ranks
