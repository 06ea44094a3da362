"""Sums over half-precision task vectors, formed in single precision part by part: no whole copy is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..tasks.precision import is_half

PART = 2**22
"""Columns that are converted to another precision at a time."""


def contract(gradients: Tensor, vectors: Tensor) -> Tensor:
    """Return `gradients @ vectors.T`, (n, P) and (T, P) to (n, T), in single precision where these are in half."""
    if not is_half(vectors.dtype):
        return gradients @ vectors.T
    return product_in_parts(gradients, vectors, torch.float32, width=PART)


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
    """Computes `base + coefficients @ vectors` of half-precision base (P,) and vectors (T, P), rounded once at the end.

    Differentiable in the coefficients (T,), which are of any precision.
    """

    @staticmethod
    def forward(ctx: Any, base: Tensor, vectors: Tensor, coefficients: Tensor) -> Tensor:
        """Return the merge (P,), of the type of `base`."""
        ctx.save_for_backward(vectors)
        ctx.coefficients_type = coefficients.dtype
        merged = torch.empty_like(base)
        for columns in _parts(len(base), PART):
            merged[columns] = torch.addmv(
                base[columns].float(), vectors[:, columns].float().T, coefficients.detach().float()
            )
        return merged

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        """Return the derivative in the coefficients."""
        (vectors,) = ctx.saved_tensors
        return None, None, contract(gradients[0][None], vectors)[0].to(ctx.coefficients_type)


def _parts(n: int, width: int) -> Iterator[slice]:
    """Yield slices that cover n columns."""
    for start in range(0, n, width):
        yield slice(start, min(start + width, n))
