"""Prepare what indicators compare: points in one order, reference fronts of the same objectives, finite values."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FrontError
from .front import Front


def require_front(front: object) -> None:
    """Raise FrontError where an indicator is given anything but a Front, such as a list of points."""
    if not isinstance(front, Front):
        raise FrontError(f"an indicator takes a Front; found {type(front).__name__}, make it one by fr.Front(points)")


def canonical_points(front: Front) -> NDArray[np.float64]:
    """Return the distinct non-dominated objectives, minimised, shape (m, T), sorted lexicographically."""
    require_front(front)
    points = front.objectives[front.non_dominated_mask]
    return points[np.lexsort(points.T[::-1])]


def finite(name: str, value: float) -> float:
    """Return an indicator's value as a float, or raise FrontError with its name if it is infinite or NaN."""
    if not math.isfinite(value):
        raise FrontError(f"{name} of these objectives is too large for a float; found {value}, rescale them")
    return float(value)


def comparable(front: Front, reference_front: Front | ArrayLike) -> Front:
    """Return the reference front as a Front, or raise FrontError if it has another number of objectives."""
    require_front(front)
    reference = reference_front if isinstance(reference_front, Front) else Front(reference_front)
    if reference.n_objectives != front.n_objectives:
        raise FrontError(
            "a front and its reference front have the same objectives; "
            f"the front has {front.n_objectives}, the reference front {reference.n_objectives}"
        )
    return reference


def finite_vector(name: str, values: ArrayLike, n_objectives: int) -> NDArray[np.float64]:
    """Return one finite value for each objective, shape (T,), or raise FrontError with the vector's name."""
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FrontError(f"{name} is {n_objectives} numbers; found {values!r}") from error
    if vector.shape != (n_objectives,):
        raise FrontError(
            f"{name} has one value for each of the front's {n_objectives} objectives; found shape {vector.shape}"
        )
    if not np.isfinite(vector).all():
        raise FrontError(f"{name} is finite; found {vector.tolist()}")
    return vector
