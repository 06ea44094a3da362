"""Measure whether a set follows its preferences; hypervolume and IGD see points only and cannot tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canonical import require_front
from .front import Front
from .preferences import SIMPLEX_TOLERANCE

_LEAST_POINTS = 3  # two points are always in order or in reverse
_PAIRS_AT_ONCE = 10**6


def alignment(front: Front) -> float | None:
    """Return whether raising a task's weight improves that task; larger is better, from -1 to 1.

    The mean over tasks of Somers' D of the improvement of task t, minus its minimised objective, given the weight r_t:
    of all pairs of answers whose weights differ, the share in which the larger weight has the lower objective, less
    the share in which it has the higher one. It is 1 where a larger weight always means a better task, on any grid of
    preferences; 0 where they are not associated; -1 where a larger weight always means a worse task. Every point
    counts, dominated or not.

    Pairs of equal weights promise nothing and are no pairs. Pairs of equal objectives are pairs, and neither raise
    nor lower the sum: a task with the same objective for every preference counts as 0, and so does a single model.
    A task with the same weight in every preference is left out. Weights that differ by no more than 1e-6, the
    tolerance of a preference, are equal; objectives only where they are the same number.

    Source: Somers, American Sociological Review 27, 1962 (d_yx, y given x), applied to each task's own weight and
    objective.

    Args:
        front: n points of T objectives with the preferences that they answer.

    Returns:
        None where there is nothing to measure: no preferences, fewer than 3 points, or no task whose weight changes.
    """
    ratios = [ratio for ratio in task_alignments(front) if ratio is not None]
    return float(np.mean(ratios)) if ratios else None


def task_alignments(front: Front) -> tuple[float | None, ...]:
    """Return for each of T tasks whether raising its weight improves it; larger is better, from -1 to 1.

    `alignment` is the mean of these, see there; tasks of opposite signs cancel in it.

    Args:
        front: n points of T objectives with the preferences that they answer.

    Returns:
        Somers' D of every task; None for a task whose weight does not change, and for all tasks where the front has no
        preferences or fewer than 3 points.
    """
    require_front(front)
    if front.preferences is None or front.n_points < _LEAST_POINTS:
        return (None,) * front.n_objectives
    levels = _levels(front.preferences, SIMPLEX_TOLERANCE)
    found = [_order_of_pairs(levels[:, t], -front.objectives[:, t]) for t in range(front.n_objectives)]
    return tuple(ordered / pairs if pairs else None for ordered, pairs in found)


def _order_of_pairs(levels: NDArray[np.int64], improvements: NDArray[np.float64]) -> tuple[int, int]:
    """Return (pairs in order less pairs in reverse, pairs), of all pairs whose levels differ."""
    ordered = pairs = 0
    rows = max(1, _PAIRS_AT_ONCE // len(levels))
    for start in range(0, len(levels), rows):
        here = slice(start, start + rows)
        higher = levels[here, None] > levels  # of each pair one member only is
        better, worse = (compare(improvements[here, None], improvements) for compare in (np.greater, np.less))
        ordered += int(np.count_nonzero(higher & better)) - int(np.count_nonzero(higher & worse))
        pairs += int(np.count_nonzero(higher))
    return ordered, pairs


def _levels(values: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Return the rank of each value among its column's different ones, (n, T); neighbours within tolerance are one."""
    order = np.argsort(values, axis=0, kind="stable")
    steps = np.diff(np.take_along_axis(values, order, axis=0), axis=0) > tolerance
    levels = np.zeros(values.shape, dtype=np.int64)
    np.put_along_axis(levels, order[1:], np.cumsum(steps, axis=0), axis=0)
    return levels
