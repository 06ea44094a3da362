"""The base of scalarizations that ask the tasks' gradients alone, whatever the preference, and solve a programme."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import DivergenceError
from ...tasks.device_copies import sent
from .base import Scalarization
from .inner_products import as_array


class GramianWeights(Scalarization):
    """Weighs the gradients by the solution of a programme of their inner products.

    Where its solver does not end, the step follows the gradients' mean; how often that happens is counted.
    """

    needs_gramian = True
    follows_preference = False
    prefix: ClassVar[str]
    """What the name of the count starts with."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._unsolved = 0

    @abstractmethod
    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the weights (T,); None where the solver does not end.

        Args:
            gramian: (T, T) inner products of the gradients, finite.
        """

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return the solution, or 1 / T each where there is none."""
        found = self.solve(as_finite_array(gramian))
        if found is None:
            self._unsolved += 1
            found = np.full(len(losses), 1 / len(losses))
        return sent(torch.as_tensor(found), losses.device)

    def state(self) -> Mapping[str, Any]:
        """Return the count."""
        return {"unsolved": self._unsolved}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the count; checkpoints of earlier versions have none."""
        self._unsolved = state.get("unsolved", 0)

    def diagnostics(self) -> Mapping[str, float]:
        """Return `<prefix>_unsolved`, the number of steps in which the solver did not end."""
        return {f"{self.prefix}_unsolved": float(self._unsolved)}


def as_finite_array(gramian: Tensor | None) -> NDArray[np.float64]:
    """Return the inner products, in float64.

    Raises:
        DivergenceError: some are not finite.
    """
    assert gramian is not None  # for the type checker: needs_gramian
    products = as_array(gramian)
    if not np.isfinite(products).all():
        raise DivergenceError("a gradient is NaN or infinite, or its square is; lower lr")
    return products
