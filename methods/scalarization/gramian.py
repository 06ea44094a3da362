"""Directions from the tasks' gradients alone, whatever the preference: MGDA and IMTL-G, by TorchJD."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchjd.aggregation import IMTLGWeighting, MGDAWeighting

from ...errors import DivergenceError
from .base import Scalarization


class Mgda(Scalarization):
    """The shortest vector in the convex hull of the gradients (Désidéri 2012; arXiv 1810.04650, algorithm 2)."""

    needs_gramian = True

    def __init__(self) -> None:
        self._weighting = MGDAWeighting(max_iters=250)

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Not negative, sum 1."""
        return self._weighting(usable(gramian))


class ImtlG(Scalarization):
    """The direction with equal projections on every normalised gradient (Liu et al., ICLR 2021)."""

    needs_gramian = True

    def __init__(self) -> None:
        self._weighting = IMTLGWeighting()

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Sum 1; may be negative."""
        return self._weighting(usable(gramian))


def usable(gramian: Tensor | None) -> Tensor:
    """The inner products; DivergenceError where they are not finite."""
    assert gramian is not None  # for the type checker: needs_gramian
    if not gramian.isfinite().all():
        raise DivergenceError("a gradient is NaN or infinite, or its square is; lower lr")
    return gramian
