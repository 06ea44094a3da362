"""The shortest vector in the convex hull of gradients, from their inner products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

MAX_ITERATIONS = 1000
"""The most iterations of the active set method; badly conditioned Gramians of n vectors took fewer than 3 n."""


def minimum_norm_weights(gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the (n,) point of the simplex that minimises alpha' C alpha; any of them where there are several.

    It is None where the solver does not end within `MAX_ITERATIONS`.

    Two vectors have a closed form. For more, an active set method ends at an exact solution: the nearest point of a
    polytope is a least squares problem with weights that are not negative (Lawson and Hanson, Solving Least Squares
    Problems, 1974, chapter 23). It is posed for vectors of length 1, so that it is as exact for lengths over many
    orders of magnitude: with beta_i = |v_i| alpha_i and the cosines R = F' F it is to minimise
    |F beta|^2 + (s sum_i beta_i / |v_i| - 1)^2, whose solution points where the shortest vector's weights do,
    whatever s.

    Args:
        gramian: (n, n) C, inner products of n vectors, finite. Rounded products are as good as the vectors they come
            from as long as the norm is above about 1e-8 of the lengths combined in it; below, it is zero but for
            rounding.
    """
    lengths, cosines = lengths_and_cosines(gramian)
    if not lengths.all():
        return np.asarray(np.eye(len(lengths))[lengths.argmin()])
    if len(lengths) == 2:
        return _of_two(gramian)
    factor = factor_of(cosines)
    sum_row = lengths.min() / lengths
    try:
        beta, _ = nnls(np.vstack([factor, sum_row]), np.append(np.zeros(len(lengths)), 1.0), maxiter=MAX_ITERATIONS)
    except RuntimeError:  # the limit is reached
        return None
    alpha: NDArray[np.float64] = beta / lengths
    alpha /= alpha.sum()
    return alpha


def lengths_and_cosines(gramian: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lengths (n,) of vectors and their cosines (n, n), from their inner products.

    A vector whose squared length is no normal number has length 0, and cosine 0 with all.
    """
    lengths = np.sqrt(np.maximum(np.diag(gramian), 0.0))
    lengths[lengths < np.sqrt(np.finfo(np.float64).tiny)] = 0.0
    divisors = np.where(lengths > 0, lengths, np.inf)
    return lengths, gramian / divisors[:, None] / divisors


def factor_of(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix F (n, n) with F' F = R; what rounding has made negative counts as 0."""
    values, vectors = np.linalg.eigh(cosines)
    factor: NDArray[np.float64] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return factor


def _of_two(gramian: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the foot of the perpendicular on the segment between two vectors, or its nearer end."""
    apart = gramian[0, 0] - 2 * gramian[0, 1] + gramian[1, 1]  # their squared distance
    first = (gramian[1, 1] - gramian[0, 1]) / apart if apart > 0 else 0.5
    first = min(max(first, 0.0), 1.0)
    return np.array([first, 1.0 - first])
