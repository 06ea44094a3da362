"""What merges some of a problem's weights, whether their task vectors are kept or formed as they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor


class MergeBank(ABC):
    """Merges weights of one type: theta_0 + sum_i c_i (theta_i - theta_0), in pieces of one or more weights each."""

    names: list[str]
    """The weights and buffers that are merged, in this order."""
    dtype: torch.dtype
    """Their type."""
    size: int
    """P, how many numbers they hold in one model."""
    n_experts: int
    """E, how many experts are merged: T, or fewer."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """The device of what is merged."""

    @abstractmethod
    def merge_pieces(self, coefficients: Tensor) -> list[Tensor]:
        """Return the merged pieces for coefficients (E,), new tensors, differentiable in them."""

    @abstractmethod
    def assembled(self, pieces: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return merged pieces as weights by name, views of them; buffers come without gradients."""

    @abstractmethod
    def contract_piece(self, piece: int, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients of a piece times its task vectors, (n, E), in single precision or better."""

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """Return the merged weights by name for coefficients (E,), differentiable in them."""
        return self.assembled(self.merge_pieces(coefficients))
