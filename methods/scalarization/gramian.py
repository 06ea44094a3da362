"""Directions from the tasks' gradients alone, whatever the preference: MGDA and IMTL-G."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...tasks.device_copies import sent
from .base import Scalarization
from .gramian_weights import GramianWeights, as_finite_array
from .minimum_norm import minimum_norm_weights

NO_EIGENVALUE = 1e-12
"""Share of the largest eigenvalue of the gradients' cosines up to which an eigenvalue is a rounded 0."""


class MgdaScalarization(GramianWeights):
    """Follows the shortest vector in the convex hull of the gradients (Désidéri 2012; arXiv 1810.04650).

    Where the solver does not end, the step follows the gradients' mean; how often that happens is counted.
    """

    prefix = "mgda"

    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return weights that are not negative and sum to 1."""
        return minimum_norm_weights(gramian)


class ImtlGScalarization(Scalarization):
    """Follows the direction with equal projections on every normalised gradient (Liu et al., ICLR 2021).

    Gradients that depend on each other have the shortest such weights of normalised gradients, as in TorchJD.
    """

    needs_gramian = True
    follows_preference = False

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights that sum to 1 and may be negative."""
        return sent(torch.as_tensor(equal_projection_weights(as_finite_array(gramian))), losses.device)


def equal_projection_weights(gramian: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (T,), sum 1, of a vector whose projections on all normalised gradients are equal.

    A gradient that is 0 has weight 0, since it has no direction to project on. Where the projections are equal only
    in a vector of length 0, the weights are 0.

    Args:
        gramian: (T, T) inner products of the gradients, finite.
    """
    lengths = np.sqrt(np.maximum(np.diag(gramian), 0.0))
    weights = np.zeros(len(lengths))
    moving = np.flatnonzero(lengths)
    if len(moving) == 0:
        return weights
    lengths = lengths[moving]
    # Solved for gradients of length 1, so that a short one counts as much as a long one.
    cosines = gramian[np.ix_(moving, moving)] / lengths[:, None] / lengths
    of_units = np.linalg.pinv(cosines, rcond=NO_EIGENVALUE, hermitian=True).sum(axis=1)
    found = of_units / lengths * lengths.min()
    if abs(found.sum()) > NO_EIGENVALUE * np.abs(found).sum():
        weights[moving] = found / found.sum()
    return weights
