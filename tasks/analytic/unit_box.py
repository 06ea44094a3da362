"""The box [0, 1]^d as the image of all real vectors, so that every vector is feasible."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


def to_unit_box(u: Tensor) -> Tensor:
    """Map any real u to x = sin^2(pi u / 2), elementwise: 0 to 0, 1/2 to 1/2, 1 to 1.

    The gradient vanishes at the bounds: an optimum there is a smooth one, and a vector exactly on a bound stays.
    """
    return torch.sin(u * (math.pi / 2)).square()


def from_unit_box(x: ArrayLike) -> NDArray[np.float64]:
    """Return the u in [0, 1] that `to_unit_box` maps to x in [0, 1]."""
    u: NDArray[np.float64] = np.arcsin(np.sqrt(np.asarray(x, dtype=np.float64))) * (2 / math.pi)
    return u
