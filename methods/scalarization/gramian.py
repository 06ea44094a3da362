"""Directions from the tasks' gradients alone, whatever the preference: MGDA and IMTL-G, by TorchJD."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchjd.aggregation import IMTLGWeighting, MGDAWeighting

from ...errors import DivergenceError
from .base import Scalarization


class MgdaScalarization(Scalarization):
    """Follows the shortest vector in the convex hull of the gradients (Désidéri 2012; arXiv 1810.04650)."""

    needs_gramian = True
    follows_preference = False

    def __init__(self) -> None:
        super().__init__()
        self._weighting = MGDAWeighting(max_iters=250)

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights that are not negative and sum to 1."""
        return self._weighting(usable(gramian))


class ImtlGScalarization(Scalarization):
    """Follows the direction with equal projections on every normalised gradient (Liu et al., ICLR 2021)."""

    needs_gramian = True
    follows_preference = False

    def __init__(self) -> None:
        super().__init__()
        self._weighting = IMTLGWeighting()

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights that sum to 1 and may be negative."""
        return self._weighting(usable(gramian))


def usable(gramian: Tensor | None) -> Tensor:
    """Return the inner products.

    Raises:
        DivergenceError: some are not finite.
    """
    assert gramian is not None  # for the type checker: needs_gramian
    if not gramian.isfinite().all():
        raise DivergenceError("a gradient is NaN or infinite, or its square is; lower lr")
    return gramian
