"""Sums over half-precision task vectors, formed in single precision part by part: no whole copy is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

PART = 2**22
"""Columns that are converted to single precision at a time."""


def is_half(dtype: torch.dtype) -> bool:
    """Return whether a type is one of half precision."""
    return dtype in (torch.float16, torch.bfloat16)


def contract(gradients: Tensor, vectors: Tensor) -> Tensor:
    """Return `gradients @ vectors.T`, (n, P) and (T, P) to (n, T), in single precision where these are in half."""
    if not is_half(vectors.dtype):
        return gradients @ vectors.T
    found = torch.zeros(len(gradients), len(vectors), dtype=torch.float32, device=vectors.device)
    for columns in _parts(vectors.shape[1]):
        found += gradients[:, columns].float() @ vectors[:, columns].float().T
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
        for columns in _parts(len(base)):
            merged[columns] = torch.addmv(
                base[columns].float(), vectors[:, columns].float().T, coefficients.detach().float()
            )
        return merged

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        """Return the derivative in the coefficients."""
        (vectors,) = ctx.saved_tensors
        return None, None, contract(gradients[0][None], vectors)[0].to(ctx.coefficients_type)


def _parts(n: int) -> Iterator[slice]:
    """Yield slices that cover n columns."""
    for start in range(0, n, PART):
        yield slice(start, min(start + PART, n))
