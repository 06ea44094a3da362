"""The front of the squared distances to the corners of a simplex, |r - e_t|^2 for r in the simplex, minimised."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def distances_to_corners(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared distances |r - e_t|^2 = |r|^2 - 2 r_t + 1, (n, T), of points r (n, T) of the simplex."""
    squared = (points**2).sum(axis=1, keepdims=True)
    # Rounding must not leave a distance below 0 at a corner.
    distances: NDArray[np.float64] = np.maximum(squared - 2 * points + 1, 0.0)
    return distances


def hypervolume_of_distances(n_tasks: int) -> float:
    """Return the hypervolume of the whole front at the reference point (2, ..., 2), exact for any T.

    Values y are dominated when some point has |x - e_t|^2 <= y_t for all t. By duality that holds when
    1 - |s|^2 <= s.y for all s of the simplex, whose tightest s has s_t = max(m - y_t, 0) / 2 for the m at which
    they sum to 1; y is dominated when m >= 1 + |s|^2. So y is coordinated by m and s: with k of the T tasks
    in the support of s, the others have y_t >= m, the volume element is 2^(k-1) k dm ds, and what remains over
    the (k - 1)-dimensional simplex is

        k < T:  (1 - |s|^2)^(T-k+1) / (T - k + 1),        k = T:  1 - |s|^2 + 2 min_t s_t,

    polynomials (for the minimum, E[min] = 1/T^2) whose means under the uniform distribution are rational.
    """
    total = Fraction(0)
    for k in range(1, n_tasks):
        power = n_tasks - k + 1
        weight = Fraction(math.comb(n_tasks, k) * 2 ** (k - 1) * k, math.factorial(k - 1) * power)
        mean = sum((-1) ** j * math.comb(power, j) * _mean_squared_norm_power(k, j) for j in range(power + 1))
        total += weight * mean
    inside = 1 - _mean_squared_norm_power(n_tasks, 1) + Fraction(2, n_tasks**2)
    return float(total + Fraction(2 ** (n_tasks - 1) * n_tasks, math.factorial(n_tasks - 1)) * inside)


def _mean_squared_norm_power(k: int, j: int) -> Fraction:
    """Return E[(s_1^2 + ... + s_k^2)^j] for s uniform on the simplex of k corners.

    E[prod s_i^(2 a_i)] = (k-1)! prod (2 a_i)! / (2j+k-1)!, summed over all exponents of sum j: the coefficient of
    z^j in (sum_a (2a)!/a! z^a)^k.
    """
    series = [math.factorial(2 * a) // math.factorial(a) for a in range(j + 1)]
    coefficients = [1, *[0] * j]
    for _ in range(k):
        coefficients = [sum(coefficients[i] * series[d - i] for i in range(d + 1)) for d in range(j + 1)]
    return Fraction(math.factorial(j) * coefficients[j] * math.factorial(k - 1), math.factorial(2 * j + k - 1))
