"""UPGrad: the mean of the gradients, each projected so that it conflicts with none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from .gramian_weights import GramianWeights
from .minimum_norm import MAX_ITERATIONS, factor_of, lengths_and_cosines


class UpgradScalarization(GramianWeights):
    """Projects every gradient on the dual cone of all gradients and follows the mean (UPGrad, arXiv 2406.16232).

    The projections, and so their mean, have no negative inner product with any gradient: to first order no loss rises.
    TorchJD regularises the Gramian by 1e-4 of its trace; here the programme is solved as it is.
    """

    prefix = "upgrad"

    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return weights of at least 1 / T each."""
        return unconflicting_weights(gramian)


def unconflicting_weights(gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the weights (T,) of the mean of the gradients' projections on their dual cone; None where unsolved.

    The projection of gradient i has the weights v that minimise v' C v with v >= e_i (arXiv 2406.16232, proposition
    1). With v = e_i + z it is a least squares problem with z >= 0, posed for gradients of length 1.

    Args:
        gramian: (T, T) C, inner products of the gradients, finite.
    """
    lengths, cosines = lengths_and_cosines(gramian)
    factor = factor_of(cosines)
    weights = np.full(len(lengths), 1 / len(lengths))
    moving = np.flatnonzero(lengths)  # a gradient of 0 needs no projection, and adds nothing to another's
    for i in moving:
        try:
            added, _ = nnls(factor, -factor[:, i] * lengths[i], maxiter=MAX_ITERATIONS)
        except RuntimeError:  # the limit is reached
            return None
        weights[moving] += added[moving] / lengths[moving] / len(lengths)
    return weights
