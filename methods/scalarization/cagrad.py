"""CAGrad: near the mean gradient, the direction along which the slowest loss falls fastest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import brentq

from ..ranges import Range
from .gramian_weights import GramianWeights
from .minimum_norm import minimum_norm_weights

LARGEST_PULL = 1e6
"""Largest weight of the worst case; only where the shortest combination of gradients vanishes it is not enough."""


class CagradScalarization(GramianWeights):
    """Maximises the smallest decrease, min_t g_t . d, within c |g_0| of the mean gradient g_0 (arXiv 2110.14048)."""

    @dataclass(frozen=True)
    class Options:
        """Options of the trust region around the mean gradient."""

        c: Annotated[float, Field(ge=0, lt=1), Range(0.1, 0.9)] = 0.5
        """Radius of the search, in lengths of the mean gradient; 0 follows the mean (code: 0.5; paper: 0.1 to 0.9)."""

    options: Options
    prefix = "cagrad"

    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return weights of at least 1 / T each."""
        return conflict_averse_weights(gramian, self.options.c)


def conflict_averse_weights(gramian: NDArray[np.float64], c: float) -> NDArray[np.float64] | None:
    """Return the weights (T,) of the direction d = g_0 + lambda g_w (arXiv 2110.14048, algorithm 1); None if unsolved.

    The point w of the simplex minimises g_w . g_0 + c |g_0| |g_w| (equation 4), and lambda = c |g_0| / |g_w|. For any
    lambda the minimum of g_w . g_0 + lambda / 2 |g_w|^2 is where g_w + g_0 / lambda is shortest; the lambda at which
    lambda |g_w| = c |g_0| is therefore searched, and it grows with lambda. A gradient of 0 is no worst case, since no
    direction lowers its loss.

    Args:
        gramian: (T, T) inner products of the gradients, finite.
        c: 0 or more, below 1.
    """
    n_tasks = len(gramian)
    weights = np.full(n_tasks, 1 / n_tasks)
    moving = np.flatnonzero(np.diag(gramian) > 0)
    products = gramian / max(float(np.diag(gramian).max()), 1e-300)
    radius = c * float(np.sqrt(max(float(products.mean()), 0.0)))
    if radius == 0:
        return weights
    worst_case = _WorstCase(products[np.ix_(moving, moving)], products.mean(axis=1)[moving], float(products.mean()))

    def beyond(pull: float) -> float:
        return worst_case.reach(pull) - radius

    try:
        pull = radius  # |g_w| is at most the longest gradient's length, 1, so that lambda is at least this
        while pull < LARGEST_PULL and beyond(pull) < 0:
            pull *= 10
        if beyond(pull) > 0:
            pull = float(brentq(beyond, pull / 10, pull, xtol=1e-300, rtol=1e-14))
        weights[moving] += pull * worst_case.point(pull)
    except _UnsolvedError:
        return None
    return weights


class _UnsolvedError(Exception):
    """The shortest vector was not found."""


@dataclass(frozen=True)
class _WorstCase:
    """The point w of the simplex that minimises g_w . g_0 + lambda / 2 |g_w|^2."""

    products: NDArray[np.float64]
    """(n, n) inner products of the gradients that are combined."""
    with_mean: NDArray[np.float64]
    """(n,) their inner products with g_0."""
    mean_squared: float
    """|g_0|^2."""

    def point(self, pull: float) -> NDArray[np.float64]:
        """Return w (n,) for lambda, where g_w + g_0 / lambda is shortest."""
        toward = self.with_mean / pull
        w = minimum_norm_weights(self.products + toward[:, None] + toward + self.mean_squared / pull**2)
        if w is None:
            raise _UnsolvedError
        return w

    def reach(self, pull: float) -> float:
        """Return lambda |g_w|."""
        w = self.point(pull)
        return pull * float(np.sqrt(max(float(w @ self.products @ w), 0.0)))
