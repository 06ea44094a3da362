"""Smooth Tchebycheff scalarization (STCH): a smooth largest weighted loss, which reaches concave fronts too."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchjd.scalarization import STCH

from ...errors import ConfigError
from .base import Scalarization


class SmoothTchebycheff(Scalarization):
    """mu log sum_t exp(r_t loss_t / mu), with the ideal point 0 (arXiv 2402.19078, equation 13).

    Args:
        mu: smoothing, in units of the loss; as it goes to 0 the largest r_t loss_t alone counts.
    """

    def __init__(self, mu: float) -> None:
        if mu <= 0:
            raise ConfigError(f"mu must be positive, found {mu}")
        self._mu = mu

    @torch.enable_grad()
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """r_t softmax(r loss / mu)_t, the gradient of the scalarized loss in the losses."""
        values = losses.detach().requires_grad_()
        scalarized = STCH(self._mu, weights=torch.as_tensor(preference, dtype=losses.dtype, device=losses.device))
        (gradient,) = torch.autograd.grad(scalarized(values), values)
        return gradient
