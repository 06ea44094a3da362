"""Compute what a user whose preference is not known beforehand pays, on average, for the best point of a front."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .canonical import finite, require_front
from .front import Front

_SAMPLE_SIZE = 4096


def expected_utility(front: Front) -> float:
    """Return the cost of a minimised front's best point, expected over preferences; smaller is better.

    E[min_i r . f_i] for r uniform on the simplex, in the objectives' units: what a user pays who may choose any
    point of the front, whatever preference it was learned for. This is the field's expected utility with its sign
    turned, since objectives are costs, and the R2 indicator of weighted sums with the ideal point at 0. Points that
    are not on the front's lower convex hull never count.

    One and two objectives are integrated exactly; more with about 4,096 fixed preferences, the same in every
    call. That is exact for a front of one point (the mean of its objectives); for others the error, measured against
    closed forms, is below 0.001 of the objectives' range up to T = 8 and below 0.01 at T = 12.

    Source: Zintgraf, Kanters, Roijers, Oliehoek and Beau, Benelearn 2015; Hayes et al., Autonomous Agents and
    Multi-Agent Systems 36, 2022; R2 is of Hansen and Jaszkiewicz, IMM-REP-1998-7, 1998.

    Args:
        front: n points of T objectives.

    Raises:
        FrontError: sums or differences of objectives too large for a float.
    """
    require_front(front)
    points = front.objectives[front.non_dominated_mask]
    points = points[np.lexsort(points.T)]  # the same bits whatever the order
    if front.n_objectives == 1:
        return float(points[0, 0])
    with np.errstate(over="ignore", invalid="ignore"):
        if front.n_objectives > 2:
            costs = points @ _preferences(front.n_objectives)
            return finite("expected utility", float(costs.min(axis=0).mean()))
        finite("the range", float(np.ptp(points, axis=0).sum()))
    return _area_below_envelope(points)


def _area_below_envelope(points: NDArray[np.float64]) -> float:
    """Return the integral over r in [0, 1] of the least r f_1 + (1 - r) f_2.

    Args:
        points: (p, 2), no one dominated, f_2 ascending: so each is best from some r on, if at all.
    """
    hull: list[tuple[float, float]] = []
    begins: list[float] = []  # r from which on that point of the hull is best
    for x, y in points.tolist():
        begin = 0.0
        while hull:
            rise, fall = y - hull[-1][1], hull[-1][0] - x  # both positive: neither point dominates
            begin = rise / (rise + fall)
            if begin > begins[-1]:
                break
            hull.pop()
            begins.pop()
        hull.append((x, y))
        begins.append(begin)
    edges = np.array([*begins, 1.0])
    middles = (edges[1:] + edges[:-1]) / 2
    f = np.array(hull)
    return float(np.diff(edges) @ (middles * f[:, 0] + (1 - middles) * f[:, 1]))


@lru_cache
def _preferences(n_tasks: int) -> NDArray[np.float64]:
    """Return a fixed, even sample of the simplex, one preference a column; the mean weight of every task is 1 / T.

    Kronecker's sequence of the powers of 1 / g, g the root of g^T = g + 1 (for T = 2 the golden ratio), fills the
    unit cube of T - 1 dimensions evenly; the spacings of its sorted coordinates are uniform on the simplex.
    Turning every preference through all tasks integrates linear functions exactly.
    """
    root = 2.0
    for _ in range(64):  # converges to the last bit: every step shrinks the error by T or more
        root = (1.0 + root) ** (1.0 / n_tasks)
    n_turned = -(-_SAMPLE_SIZE // n_tasks)
    cube = (0.5 + np.outer(np.arange(1, n_turned + 1), root ** -np.arange(1.0, n_tasks))) % 1.0
    cuts = np.pad(np.sort(cube, axis=1), ((0, 0), (1, 1)), constant_values=((0.0, 0.0), (0.0, 1.0)))
    weights = np.diff(cuts, axis=1)
    sample = np.concatenate([np.roll(weights, turn, axis=1) for turn in range(n_tasks)]).T.copy()
    sample.setflags(write=False)
    return sample
