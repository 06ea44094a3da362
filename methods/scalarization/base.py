"""The seam between a preference and a direction: the weighted sum of the tasks' gradients that a step follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class Scalarization(ABC):
    """Weights alpha; a step descends along sum_t alpha_t grad loss_t.

    A scalarized loss with a formula of its own gives the weights of its gradient.
    """

    needs_gramian: ClassVar[bool] = False
    """Whether `weights` looks at the inner products of the tasks' gradients."""

    @abstractmethod
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """(T,) weights, without gradients.

        Args:
            losses: (T,) detached, minimised.
            preference: (T,) point of the simplex.
            gramian: (T, T) inner products of the tasks' gradients; None unless `needs_gramian`.
        """

    def loss(self, losses: Tensor, preference: NDArray[np.float64]) -> Tensor:
        """The weighted sum of (T,) losses, whose gradient a step follows; for those that need no Gramian."""
        return self.weights(losses.detach(), preference, None) @ losses

    def combined(self, losses: Tensor, gradients: Tensor, preference: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        """The weighted sums of (T,) losses and of their (T, P) gradients, by the gradients' Gramian."""
        weights = self.weights(losses, preference, gradients @ gradients.T)
        return weights @ losses, weights @ gradients

    def state(self) -> Mapping[str, Any]:
        """What it has kept since its first step, for a checkpoint."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state`; nothing where nothing is kept."""
        return

    def diagnostics(self) -> Mapping[str, float]:
        """Numbers worth recording, such as how often a solver failed."""
        return {}
