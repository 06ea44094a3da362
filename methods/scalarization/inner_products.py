"""Inner products of gradients, which gradient-based scalarizations look at."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..half_precision import PART, product_in_parts

CACHED_COLUMNS = 1 << 17
"""Columns that a CPU converts to float64 at a time: they stay in its cache."""


def inner_products(gradients: Tensor) -> Tensor:
    """Return the Gramian (T, T) of gradients (T, P), in float64 on their device.

    What is left where gradients cancel, or lie orders of magnitude apart, is below the rounding of float32 products;
    the square of a float16 number is often no float16 number at all.
    """
    # All columns in float64 would take twice the memory; on a GPU few at a time would be thousands of small kernels.
    width = CACHED_COLUMNS if gradients.device.type == "cpu" else PART
    return product_in_parts(gradients, gradients, torch.float64, width=width)


def as_array(values: Tensor) -> NDArray[np.float64]:
    """Return losses or inner products as an array in float64, which solvers take."""
    array: NDArray[np.float64] = values.detach().double().cpu().numpy()
    return array
