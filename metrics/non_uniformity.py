"""Measure how far answers are from exact Pareto optimal ones, whose weighted objectives r_t f_t are all equal."""

from __future__ import annotations

import math

import numpy as np

from .canonical import require_front
from .front import Front
from .preferences import SIMPLEX_TOLERANCE


def non_uniformity(front: Front) -> float | None:
    """Return how unequal the weighted objectives r_t f_t are, in nats from 0 to log T; smaller is better, 0 best.

    The mean, over the points with a preference inside the simplex, of the Kullback-Leibler divergence of
    the shares r_t f_t / sum_k r_k f_k from uniform ones, mu_r. A point where all r_t f_t are 0 counts as 0. A
    preference with a weight of 0 (up to 1e-6, the tolerance of a preference) is left out: no finite objective
    outweighs it. Every other point counts, dominated or not: what is measured is the trade-off, not how good it is.

    Source: Mahapatra and Rajan, ICML 2020, the non-uniformity that EPO search minimises.

    Args:
        front: n points of T objectives, losses or errors, with the preferences that they answer.

    Returns:
        None where it is not defined: no preferences, none inside the simplex, or a negative objective.
    """
    require_front(front)
    if front.preferences is None or front.objectives.min() < 0:
        return None
    inside = (front.preferences > SIMPLEX_TOLERANCE).all(axis=1)
    if not inside.any():
        return None
    weighted = front.preferences[inside] * front.objectives[inside]
    totals = weighted.sum(axis=1, keepdims=True)
    # Where all are 0 no share is positive: divergence 0.
    shares = np.divide(weighted, totals, out=np.zeros_like(weighted), where=totals > 0)
    logs = np.log(front.n_objectives * shares, out=np.zeros_like(shares), where=shares > 0)
    divergences = np.maximum((shares * logs).sum(axis=1), 0.0)  # rounding may leave -1e-16
    return math.fsum(divergences) / len(divergences)
