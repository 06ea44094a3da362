"""Quality of a front, on pymoo: hypervolume (larger is better), IGD and IGD+ (smaller is better).

Fronts reach pymoo only through ``Front``, reduced to their non-dominated points in lexicographic order. So
every value is the same to the bit whatever the order of the points, and unchanged by repeated or dominated
ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pymoo.indicators.hv import HV
from pymoo.indicators.igd import IGD
from pymoo.indicators.igd_plus import IGDPlus

from ..errors import FrontError
from .front import Front


@dataclass(frozen=True)
class Hypervolume:
    """A dominated volume, larger is better, in the product of the objectives' units."""

    value: float
    """The volume, finite and not negative."""

    exact: bool
    """Whether the value is exact up to rounding, not an estimate."""


def hypervolume(front: Front, reference_point: ArrayLike) -> Hypervolume:
    """Return the volume between a minimised front and a reference point; larger is better.

    Source: Zitzler and Thiele, PPSN V, 1998; computed exactly by pymoo. The time grows steeply with T:
    milliseconds at T = 5 and 500 points; at T = 8, seconds for 100 points and minutes for 300.

    Args:
        front: n points of T objectives. Points that are not better than the reference point in every
            objective contribute nothing; where none is, the value is 0.
        reference_point: shape (T,), finite, the worst value of each objective that still counts.

    Raises:
        FrontError: a reference point of another shape or not finite, or a volume too large for a float.
    """
    reference = _reference_point(reference_point, front.n_objectives)
    inside = (front.objectives < reference).all(axis=1)
    if not inside.any():
        return Hypervolume(0.0, exact=True)
    points = canonical_points(Front(front.objectives[inside]))
    return Hypervolume(_finite("hypervolume", HV(ref_point=reference)(points)), exact=True)


def igd(front: Front, reference_front: Front | ArrayLike) -> float:
    """Return the inverted generational distance of a minimised front; smaller is better, 0 is best.

    The mean, over the points of the reference front, of the Euclidean distance to the nearest point of the
    front, in the objectives' units. Both fronts count with their non-dominated points only. IGD can prefer a
    front that another one dominates; IGD+ cannot.

    Source: Coello Coello and Reyes Sierra, MICAI 2004, with the plain mean of distances that pymoo uses.

    Args:
        front: n points of T objectives.
        reference_front: m points of the same T objectives, a Front or an array of shape (m, T).

    Raises:
        FrontError: a reference front that is no front or has another number of objectives, or a distance too
            large for a float.
    """
    reference = _comparable(front, reference_front)
    return _finite("IGD", IGD(canonical_points(reference))(canonical_points(front)))


def igd_plus(front: Front, reference_front: Front | ArrayLike) -> float:
    """Return IGD+ of a minimised front; smaller is better, 0 means that it covers the reference front.

    As ``igd``, with only the objectives in which the front is worse than the reference counting in a
    distance. It never exceeds IGD, and never prefers a front to one that dominates it (weakly Pareto
    compliant).

    Source: Ishibuchi, Masuda, Tanigaki and Nojima, EMO 2015.

    Args:
        front: n points of T objectives.
        reference_front: m points of the same T objectives, a Front or an array of shape (m, T).

    Raises:
        FrontError: as ``igd``.
    """
    reference = _comparable(front, reference_front)
    return _finite("IGD+", IGDPlus(canonical_points(reference))(canonical_points(front)))


def canonical_points(front: Front) -> NDArray[np.float64]:
    """Return the distinct non-dominated objectives, minimised, shape (m, T), sorted lexicographically."""
    points: NDArray[np.float64] = np.unique(front.non_dominated().objectives, axis=0)
    return points


def _comparable(front: Front, reference_front: Front | ArrayLike) -> Front:
    reference = reference_front if isinstance(reference_front, Front) else Front(reference_front)
    if reference.n_objectives != front.n_objectives:
        raise FrontError(
            "a front and its reference front have the same objectives; "
            f"the front has {front.n_objectives}, the reference front {reference.n_objectives}"
        )
    return reference


def _reference_point(values: ArrayLike, n_objectives: int) -> NDArray[np.float64]:
    try:
        point = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FrontError(f"a reference point is {n_objectives} numbers; found {values!r}") from error
    if point.shape != (n_objectives,):
        raise FrontError(
            f"a reference point has one value for each of the front's {n_objectives} objectives; "
            f"found shape {point.shape}"
        )
    if not np.isfinite(point).all():
        raise FrontError(f"a reference point is finite; found {point.tolist()}")
    return point


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise FrontError(f"{name} of these objectives is too large for a float; found {value}, rescale them")
    return float(value)
