"""Linear scalarization with a cosine that keeps losses near the ray a preference asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...tasks.device_copies import sent_like
from ..ranges import Range
from .base import Scalarization
from .wanted_losses import MinPreference, wanted_losses


class CosineAligned(Scalarization):
    """Minimises sum_t r_t loss_t - penalty * cos(losses, 1 / r).

    TorchJD's COSMOS scalarizer has one vector for both terms, as the paper writes it; but the losses that are
    aligned with r are large where r is, against the first term. Here both terms want loss t small where r_t is
    large.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of the cosine, which ties losses to the preference."""

        penalty: Annotated[float, Field(ge=0), Range(0.01, 10.0, log=True)] = 2.0
        """Weight of the cosine (lambda in the paper of COSMOS: 2 on digits, 0.01 to 8 by data set)."""
        min_preference: MinPreference = 0.05
        """Smaller weights of a preference are raised to it in the cosine."""

    options: Options

    @torch.enable_grad()
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return r minus the penalty's gradient in the losses; weights may be negative."""
        values = losses.detach().requires_grad_()
        wanted = sent_like(wanted_losses(preference, self.options.min_preference), values)
        linear = sent_like(preference, values) @ values
        scalarized = linear - self.options.penalty * cosine_similarity(values, wanted, dim=0)
        (gradient,) = torch.autograd.grad(scalarized, values)
        return gradient
