"""Where the axes of a picture of fronts end: just beyond the reference point, and what lies outside is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MARGIN = 0.05
"""How far an axis reaches beyond the reference point and below the least objective, as a share of what is between."""


def axis_limits(points: ArrayLike, reference_point: ArrayLike) -> NDArray[np.float64]:
    """Return the least and the largest objective that each axis shows, shape (T, 2).

    An axis ends just beyond the reference point, since what lies farther out has no part in the hypervolume; one on
    which no point is better than the reference point shows all points.

    Args:
        points: shape (n, T), minimised; n is at least 1.
        reference_point: shape (T,).
    """
    found, reference = np.asarray(points, dtype=np.float64), np.asarray(reference_point, dtype=np.float64)
    low = found.min(axis=0)
    high = np.where(low < reference, reference, np.maximum(found.max(axis=0), reference))
    extent = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    return np.stack([low - MARGIN * extent, high + MARGIN * extent], axis=1)


def outside(points: ArrayLike, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points of shape (n, T) lie beyond the limits of some axis; shape (n,)."""
    found = np.asarray(points, dtype=np.float64)
    hidden = (found < limits[:, 0]) | (found > limits[:, 1])
    return np.asarray(hidden.any(axis=1))


def outside_text(n_outside: int, where: str = "the end of an axis") -> str:
    """Return the sentence that counts the points that a picture does not show; empty for none."""
    if not n_outside:
        return ""
    lie = "1 point lies" if n_outside == 1 else f"{n_outside} points lie"
    return f"{lie} beyond {where}, just beyond the reference point."
