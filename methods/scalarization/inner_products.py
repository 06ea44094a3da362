"""Inner products of gradients, which gradient-based scalarizations look at."""

from __future__ import annotations

import torch
from torch import Tensor

COLUMNS = 1 << 17
"""Columns converted at a time: they stay in the cache, and all of them in float64 would take twice the memory."""


def inner_products(gradients: Tensor) -> Tensor:
    """Return the Gramian (T, T) of gradients (T, P), in float64 on their device.

    What is left where gradients cancel, or lie orders of magnitude apart, is below the rounding of float32 products;
    the square of a float16 number is often no float16 number at all.
    """
    total = gradients.new_zeros(len(gradients), len(gradients), dtype=torch.float64)
    for first in range(0, gradients.shape[1], COLUMNS):
        exact = gradients[:, first : first + COLUMNS].to(torch.float64)
        total += exact @ exact.T
    return total
