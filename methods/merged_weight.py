"""The merge of one weight as a function that autograd follows backward to the coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .weight_rows import MergeShares


class MergedFrom(Protocol):
    """One weight of a pre-trained model and of T experts."""

    @property
    def base(self) -> Tensor:
        """The pre-trained weight."""

    def merge(self, shares: MergeShares) -> Tensor:
        """Return the merged weight, a new tensor."""

    def contract(self, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients of the weight times its task vectors, (n, T)."""


class MergedWeight(torch.autograd.Function):
    """Merges one weight, differentiable in the coefficients (T,)."""

    @staticmethod
    def forward(ctx: Any, coefficients: Tensor, weight: MergedFrom, shares: MergeShares) -> Tensor:
        """Return the merged weight for coefficients, whose values `shares` holds."""
        ctx.weight = weight
        ctx.coefficients_type = coefficients.dtype
        return weight.merge(shares)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Return the derivative in the coefficients."""
        return ctx.weight.contract(gradients)[0].to(ctx.coefficients_type), None, None
