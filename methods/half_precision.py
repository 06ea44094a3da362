"""Merges of half-precision models, formed in single precision part by part: no whole copy is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

PART = 2**22
"""Columns that are converted to another precision at a time."""


def product_in_parts(first: Tensor, second: Tensor, dtype: torch.dtype, *, width: int) -> Tensor:
    """Return `first @ second.T` (n, T) of (n, P) and (T, P), formed in a type that only parts are converted to.

    Args:
        first: (n, P).
        second: (T, P); it may be `first` itself, whose parts are then converted once.
        dtype: the type of the product.
        width: columns that are converted at a time.
    """
    found = torch.zeros(len(first), len(second), dtype=dtype, device=second.device)
    for columns in _parts(second.shape[1], width):
        part = second[:, columns].to(dtype)
        found += (part if first is second else first[:, columns].to(dtype)) @ part.T
    return found


class HalfMerge(torch.autograd.Function):
    """Computes `base + coefficients @ (experts - base)` of half-precision base (P,) and experts (T, P), rounded once.

    The differences, which half precision rounds or cannot hold, are never stored. Differentiable in the coefficients
    (T,), which are of any precision.
    """

    @staticmethod
    def forward(ctx: Any, base: Tensor, experts: Tensor, coefficients: Tensor) -> Tensor:
        """Return the merge (P,), of the type of `base`; a one-hot row of coefficients gives its expert to the bit."""
        ctx.save_for_backward(base, experts)
        ctx.coefficients_type = coefficients.dtype
        shares = coefficients.detach().float()
        left = left_for_base(shares)
        merged = torch.empty_like(base)
        for columns in _parts(len(base), PART):
            # Summed as weights, not as differences: a base far above the experts would swallow their last digits.
            merged[columns] = torch.addmv(base[columns].float() * left, experts[:, columns].float().T, shares)
        return merged

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        """Return the derivative in the coefficients."""
        base, experts = ctx.saved_tensors
        return None, None, contract_half(gradients[0][None], base, experts)[0].to(ctx.coefficients_type)


def contract_half(gradients: Tensor, base: Tensor, experts: Tensor) -> Tensor:
    """Return `gradients @ (experts - base).T`, (n, P), (P,) and (T, P) to (n, T), in single precision."""
    found = torch.zeros(len(gradients), len(experts), dtype=torch.float32, device=experts.device)
    for columns in _parts(len(base), PART):
        vectors = experts[:, columns].float().sub_(base[columns].float())
        found += gradients[:, columns].float() @ vectors.T
    return found


def left_for_base(shares: Tensor) -> Tensor:
    """Return 1 minus the sum of shares (T,); 0 where the sum is 1 up to rounding, as of T shares of 1 / T."""
    left = 1 - shares.sum()
    rounding = len(shares) * torch.finfo(shares.dtype).eps
    return torch.where(left.abs() <= rounding, torch.zeros_like(left), left)


def _parts(n: int, width: int) -> Iterator[slice]:
    """Yield slices that cover n columns."""
    for start in range(0, n, width):
        yield slice(start, min(start + width, n))
