"""Sums over models of half precision, formed in single precision part by part: no whole copy is made of them."""

from __future__ import annotations

from collections.abc import Iterator

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
    for columns in slices(second.shape[1], width):
        part = second[:, columns].to(dtype)
        found += (part if first is second else first[:, columns].to(dtype)) @ part.T
    return found


def left_for_base(shares: Tensor) -> Tensor:
    """Return 1 minus the sum of shares (T,); 0 where the sum is 1 up to rounding, as of T shares of 1 / T."""
    left = 1 - shares.sum()
    rounding = len(shares) * torch.finfo(shares.dtype).eps
    return torch.where(left.abs() <= rounding, torch.zeros_like(left), left)


def slices(n: int, width: int) -> Iterator[slice]:
    """Yield slices of a width that cover n columns; the last may be narrower."""
    for start in range(0, n, width):
        yield slice(start, min(start + width, n))
