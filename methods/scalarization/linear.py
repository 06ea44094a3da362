"""Linear scalarization (LS): sum_t r_t loss_t, which has minima only at the ends of a concave front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...tasks.device_copies import sent_like
from .base import Scalarization


class LinearScalarization(Scalarization):
    """Minimises sum_t r_t loss_t (arXiv 2406.09770, equation 11); on a concave front it reaches only the ends."""

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return the preference r itself."""
        return sent_like(preference, losses)
