"""Smooth Tchebycheff scalarization (STCH): a smooth largest weighted loss, which reaches concave fronts too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat
from torch import Tensor
from torchjd.scalarization import STCH

from ...tasks.device_copies import sent_like
from ..ranges import Range
from .base import Scalarization


class SmoothTchebycheff(Scalarization):
    """Minimises mu log sum_t exp(r_t loss_t / mu), with the ideal point 0 (arXiv 2402.19078, equation 13)."""

    @dataclass(frozen=True)
    class Options:
        """Options of the smooth maximum."""

        mu: Annotated[PositiveFloat, Range(1e-3, 1.0, log=True)] = 0.01
        """Smoothing, in units of the loss; as it goes to 0 the largest r_t loss_t alone counts."""

    options: Options

    @torch.enable_grad()
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return r_t softmax(r loss / mu)_t, the gradient of the scalarized loss in the losses."""
        values = losses.detach().requires_grad_()
        weights = sent_like(preference, losses)
        (gradient,) = torch.autograd.grad(STCH(self.options.mu, weights=weights)(values), values)
        return gradient
