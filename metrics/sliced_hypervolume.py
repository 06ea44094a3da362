"""Compute the exact hypervolume of many objectives from slices of fewer, down to sets that moocore measures at once."""

from __future__ import annotations

import time
from functools import cache

import moocore
import numpy as np
from numpy.typing import NDArray

# How many points moocore measures at once, by number of objectives; from here on slicing is faster, or stops
# sooner at a deadline. Up to three objectives moocore takes O(n log n), up to twelve points it is always quick.
LEAF_POINTS = {4: 50_000, 5: 10_000, 6: 100, 7: 50, 8: 20}
_MANY_OBJECTIVES_LEAF_POINTS = 12


def fits_a_leaf(n_points: int, n_objectives: int) -> bool:
    """Return whether moocore alone is the fastest for so many points of so many objectives."""
    return n_objectives <= 3 or n_points <= LEAF_POINTS.get(n_objectives, _MANY_OBJECTIVES_LEAF_POINTS)


def sliced_hypervolume(points: NDArray[np.float64], deadline_s: float) -> float | None:
    """Return the volume between minimised points and the origin, larger is better; None past the deadline.

    The points are swept along one objective, best first. Each adds its depth in that objective times what its
    box in the others adds to the boxes before it: the box less the volume of the *limit set*, the
    earlier points moved into the box, of which most are then dominated and dropped. So every level has one objective
    less.

    The sweep is along the objective in which most points share the best value: together they add the volume
    of a single set. Points of a limit set often lie on the faces of the box, so every second slice vanishes.

    Sources: While, Bradstreet and Barone, "A fast way of calculating exact hypervolumes", IEEE Transactions on
    Evolutionary Computation 16(1), 2012, for limit sets; moocore for the sets of ``LEAF_POINTS``.

    Args:
        points: shape (n, T), all values negative: objectives minus a reference point that they improve on.
            Their order decides the last bits of the volume. Infinity or NaN where the volume overflows.
        deadline_s: on the clock of ``time.monotonic``, checked before every slice.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
            return _volume(points, deadline_s)
    except TimeoutError:
        return None


def _volume(points: NDArray[np.float64], deadline_s: float) -> float:
    n, T = points.shape
    if n == 1:
        return float(abs(points.prod()))
    if fits_a_leaf(n, T):
        return float(_to_the_origin(T)(points))
    n_best = (points == points.min(axis=0)).sum(axis=0)
    swept = int(n_best.argmax())
    points = points[points[:, swept].argsort(kind="stable")]
    depths = np.abs(points[:, swept]).tolist()
    others = np.delete(points, swept, axis=1)
    boxes = np.abs(others.prod(axis=1)).tolist()
    first = int(n_best[swept])
    volume: float = depths[0] * _volume(others[:first], deadline_s)
    for i in range(first, n):
        if time.monotonic() >= deadline_s:
            raise TimeoutError
        limit_set = np.maximum(others[:i], others[i])
        limit_set = limit_set[moocore.is_nondominated(limit_set)]
        volume += depths[i] * (boxes[i] - _volume(limit_set, deadline_s))
    return volume


@cache
def _to_the_origin(n_objectives: int) -> moocore.Hypervolume:
    # The object checks its reference point once: a third of the time of the function on a small set.
    return moocore.Hypervolume(ref=np.zeros(n_objectives))
