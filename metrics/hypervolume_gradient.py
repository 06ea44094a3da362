"""Compute the gradient of the hypervolume in the points that span it; all objectives are minimised."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import NDArray


def hypervolume_gradient(points: NDArray[np.float64], reference_point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the derivative of the hypervolume in every objective of every point, shape (p, T).

    No entry is above 0: raising an objective never enlarges the volume.

    Moving point i along objective j sweeps the part of its facet that no other point covers: the (T-1)-dimensional
    volume, with objective j left out, of the points k with f_kj <= f_ij, less the same volume without i
    (Emmerich and Deutz 2014; used for learning by Deist et al., arXiv 2102.04523).

    Points that are dominated, or not better than the reference point in every objective, have gradient 0. Of
    equal points the first counts. Time grows with p * T volumes of p points in T - 1 dimensions.

    Args:
        points: (p, T), finite.
        reference_point: (T,).
    """
    gradient = np.zeros_like(points, dtype=np.float64)
    inside = np.flatnonzero((points < reference_point).all(axis=1))
    if len(inside) == 0:
        return gradient
    own = inside[_first_front(points[inside])]
    front = points[own]
    for j in range(points.shape[1]):
        facets, corner = np.delete(front, j, axis=1), np.delete(reference_point, j)
        order = np.argsort(front[:, j], kind="stable")
        covered = 0.0
        for place in range(len(order)):
            grown = _volume(facets[order[: place + 1]], corner)
            gradient[own[order[place]], j] = covered - grown
            covered = grown
    return gradient


def fronts_gradient(points: NDArray[np.float64], reference_point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every point, the gradient of the hypervolume of its own non-dominated front, (p, T).

    The first front is that of all points, the next that of what is left, and so on: so dominated points move, too
    (Deist et al., arXiv 2102.04523, section 3.2). Equal points have the gradient that one of them alone would have.

    Args:
        points: (p, T), finite.
        reference_point: (T,).
    """
    different, place = np.unique(points, axis=0, return_inverse=True)
    gradient = np.zeros_like(different, dtype=np.float64)
    left = np.arange(len(different))
    while len(left):
        first = _first_front(different[left])
        gradient[left[first]] = hypervolume_gradient(different[left[first]], reference_point)
        left = np.delete(left, first)
    return gradient[place.reshape(-1)]


def _first_front(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the positions of the points that no other dominates; of equal ones the first."""
    return np.flatnonzero(moocore.is_nondominated(points))


def _volume(points: NDArray[np.float64], reference_point: NDArray[np.float64]) -> float:
    """Return the hypervolume; in no dimension at all, that of a point is 1."""
    return float(moocore.hypervolume(points, ref=reference_point)) if points.shape[1] else 1.0
