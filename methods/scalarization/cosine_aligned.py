"""Linear scalarization with a cosine that keeps losses near the ray a preference asks for."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity

from .base import Scalarization
from .wanted_losses import wanted_losses


class CosineAligned(Scalarization):
    """sum_t r_t loss_t - penalty * cos(losses, 1 / r), minimised.

    TorchJD's COSMOS scalarizer has one vector for both terms, as the paper writes it; but the losses that are
    aligned with r are large where r is, against the first term. Here both terms want loss t small where r_t is
    large.
    """

    def __init__(self, penalty: float, min_preference: float) -> None:
        self._penalty = penalty
        self._min_preference = min_preference

    @torch.enable_grad()
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """r minus the cosine's gradient in the losses; may be negative."""
        values = losses.detach().requires_grad_()
        wanted = torch.as_tensor(wanted_losses(preference, self._min_preference)).to(values)
        linear = torch.as_tensor(preference).to(values) @ values
        scalarized = linear - self._penalty * cosine_similarity(values, wanted, dim=0)
        (gradient,) = torch.autograd.grad(scalarized, values)
        return gradient
