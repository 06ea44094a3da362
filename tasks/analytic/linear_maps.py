"""Regression data on which every split's empirical risk is the same known function of a linear map."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..examples import Examples


def orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Draw a matrix (rows, columns) of orthonormal columns in float64; rows >= columns."""
    found: Tensor = torch.linalg.qr(torch.randn(rows, columns, generator=generator, dtype=torch.float64)).Q
    return found


def equidistant_maps(n_tasks: int, outputs: int, inputs: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw a common map C (outputs, inputs) and M_t = C + D_t (T, outputs, inputs), each M_t of Frobenius norm 1.

    C and all D_t are orthogonal and |C|^2 = |D_t|^2 = 1/2, so |sum_t r_t M_t - M_i|^2 = |r - e_i|^2 / 2.
    """
    basis = orthonormal(outputs * inputs, n_tasks + 1, generator).T * math.sqrt(0.5)
    maps = basis.view(n_tasks + 1, outputs, inputs)
    return maps[0], maps[0] + maps[1:]


def exact_data(
    target: Tensor, directions: Tensor, noise_power: float, splits: tuple[str, ...], generator: torch.Generator
) -> dict[str, Examples]:
    """Make splits on which a linear map W has the mean squared error |W - target|^2 + noise_power, exactly.

    Every split has the same inputs, of mean 0 and covariance I exactly, and noise of its own, which is exactly
    orthogonal to the inputs and has exactly this power.

    Args:
        target: (outputs, p) the map to learn.
        directions: (n, p + 1) orthonormal columns, the first of them constant.
        noise_power: the mean squared norm of the noise.
        splits: the names of the splits.
        generator: draws the noise.
    """
    n = len(directions)
    inputs = directions[:, 1:] * math.sqrt(n)
    found = {}
    for split in splits:
        noise = torch.randn(n, len(target), generator=generator, dtype=torch.float64)
        noise -= directions @ (directions.T @ noise)
        noise *= math.sqrt(noise_power * n) / noise.norm()
        found[split] = Examples(inputs.float(), (inputs @ target.T + noise).float())
    return found


def standardised_directions(n: int, p: int, generator: torch.Generator) -> Tensor:
    """Draw orthonormal columns (n, p + 1) in float64, the first of them constant."""
    drawn = torch.randn(n, p + 1, generator=generator, dtype=torch.float64)
    drawn[:, 0] = 1.0
    found: Tensor = torch.linalg.qr(drawn).Q
    return found
