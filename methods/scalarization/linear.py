"""Linear scalarization (LS): sum_t r_t loss_t. On a concave front only its ends are minima."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import Scalarization


class Linear(Scalarization):
    """The preference itself is the weights (arXiv 2406.09770, equation 11)."""

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """r."""
        return torch.as_tensor(preference, dtype=losses.dtype, device=losses.device)
