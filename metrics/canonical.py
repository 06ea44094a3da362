"""What indicators share: points in one order, fronts that can be compared, values that are numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FrontError
from .front import Front


def canonical_points(front: Front) -> NDArray[np.float64]:
    """Return the distinct non-dominated objectives, minimised, shape (m, T), sorted lexicographically."""
    points = front.non_dominated().objectives
    return points[np.lexsort(points.T[::-1])]


def finite(name: str, value: float) -> float:
    """Return the value as a float, or refuse an infinite or undefined one by its name with FrontError."""
    if not math.isfinite(value):
        raise FrontError(f"{name} of these objectives is too large for a float; found {value}, rescale them")
    return float(value)


def comparable(front: Front, reference_front: Front | ArrayLike) -> Front:
    """Return the reference front as a Front, or refuse one of other objectives with FrontError."""
    reference = reference_front if isinstance(reference_front, Front) else Front(reference_front)
    if reference.n_objectives != front.n_objectives:
        raise FrontError(
            "a front and its reference front have the same objectives; "
            f"the front has {front.n_objectives}, the reference front {reference.n_objectives}"
        )
    return reference
