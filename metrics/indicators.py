"""Compute the distance of a front to a reference front with pymoo: IGD and IGD+, smaller is better.

Fronts reach pymoo only through ``Front``, reduced to their non-dominated points in lexicographic order. So
every value is the same to the bit whatever the order of the points, and unchanged by repeated or dominated
ones.
"""

from __future__ import annotations

from numpy.typing import ArrayLike
from pymoo.indicators.igd import IGD
from pymoo.indicators.igd_plus import IGDPlus

from .canonical import canonical_points, comparable, finite
from .front import Front


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
    reference = comparable(front, reference_front)
    return finite("IGD", IGD(canonical_points(reference))(canonical_points(front)))


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
    reference = comparable(front, reference_front)
    return finite("IGD+", IGDPlus(canonical_points(reference))(canonical_points(front)))
