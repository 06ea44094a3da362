"""Measure how the points of a front lie: the extent that they cover and the largest gap between them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .canonical import canonical_points, comparable, finite
from .front import Front


def spread(front: Front, reference_front: Front | ArrayLike) -> float | None:
    """Return how much of a reference front's extent a minimised front covers, from 0 to 1; larger is better.

    The root mean square, over objectives, of the share of the interval from the reference front's least to its
    largest value that lies between the front's least and largest value. Both fronts count with their non-dominated
    points only. Only the ends count: `largest_gap` measures what lies between them, IGD how good it is.

    Source: maximum spread of Zitzler, PhD thesis, ETH Zurich, 1999, as the overlap with a reference front by Goh
    and Tan, IEEE Trans. Evol. Comput. 11(3), 2007; here 0 where the intervals do not meet.

    Args:
        front: n points of T objectives.
        reference_front: m points of the same T objectives, a Front or an array of shape (m, T).

    Returns:
        None where the reference front has a single value in every objective; one in which it has is left out.

    Raises:
        FrontError: a reference front that is no front or has another number of objectives.
    """
    # Of halves no difference overflows, and the shares are the same.
    reference, points = (canonical_points(f) / 2 for f in (comparable(front, reference_front), front))
    low, high = reference.min(axis=0), reference.max(axis=0)
    extended = high > low
    if not extended.any():
        return None
    overlap = np.minimum(points.max(axis=0), high) - np.maximum(points.min(axis=0), low)
    shares = np.maximum(overlap, 0.0)[extended] / (high - low)[extended]
    return math.sqrt((shares**2).mean())


def largest_gap(front: Front) -> float | None:
    """Return the largest gap along a minimised front, a Euclidean distance; smaller is better.

    The longest edge of the minimum spanning tree of the distinct non-dominated points, in the objectives' units: the
    distance that must be bridged to walk along the front from point to point. For two objectives it is the largest
    distance between neighbours along the front. Time grows with the square of the points.

    A front of a few points close together has small gaps, too: read the gap beside `spread`.

    Args:
        front: n points of T objectives.

    Returns:
        None where a single point is non-dominated.

    Raises:
        FrontError: a distance too large for a float.
    """
    points = canonical_points(front)
    if len(points) == 1:
        return None
    with np.errstate(over="ignore"):
        if front.n_objectives == 2:  # both objectives are monotone along the front: the tree is the chain
            steps = np.diff(points[np.argsort(points[:, 0])], axis=0)
            square = (steps**2).sum(axis=1).max()
        else:
            square = _longest_tree_edge_squared(points)
    return finite("the largest gap", math.sqrt(square))


def _longest_tree_edge_squared(points: NDArray[np.float64]) -> float:
    """Return the squared longest edge of the tree of at least two points, (p, T): Prim's algorithm without a matrix."""
    newest, outside, longest = points[0], points[1:].copy(), 0.0
    nearest = np.full(len(outside), np.inf)
    while len(outside):
        steps = outside - newest
        np.minimum(nearest, np.einsum("ij,ij->i", steps, steps), out=nearest)
        i = int(nearest.argmin())
        newest, longest = outside[i].copy(), max(longest, float(nearest[i]))
        outside[i], nearest[i] = outside[-1], nearest[-1]  # the last takes the place of the one that left
        outside, nearest = outside[:-1], nearest[:-1]
    return longest
