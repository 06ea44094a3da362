"""FERERO: descent constrained to the ray of losses that a preference asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat
from torch import Tensor

from ...tasks.device_copies import sent
from ..ranges import Range
from .base import Scalarization
from .gramian_weights import as_finite_array
from .inner_products import as_array
from .wanted_losses import MinPreference, wanted_losses

RIDGE = 1e-10
"""Added to squared lengths, relative to the longest: where gradients cancel there may be no solution otherwise."""


class FereroScalarization(Scalarization):
    """Descends under the constraint that the losses lie on the ray of 1 / r (FERERO, Chen et al., arXiv 2412.01773).

    Every step solves the subprogramme of constrained vector optimization for the order of the positive cone (A = I)
    and linear equality constraints B loss = 0, B the directions orthogonal to the ray. The authors approach its
    solution by projected gradient steps, here it is exact. Weights are scaled so that their absolute values sum to 1,
    as in their code.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of the constraint."""

        constraint_rate: Annotated[PositiveFloat, Range(0.05, 5.0, log=True)] = 0.5
        """How fast the constraint is approached, in its value a unit of time (code: 0.5)."""
        min_preference: MinPreference = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss is on the ray of a weight of 0."""

    options: Options
    needs_gramian = True

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights whose absolute values sum to 1; some may be negative."""
        ray = wanted_losses(preference, self.options.min_preference)
        found = constrained_descent_weights(
            as_array(losses), ray, as_finite_array(gramian), rate=self.options.constraint_rate
        )
        size = np.abs(found).sum()
        return sent(torch.as_tensor(found / size if size > 0 else preference), losses.device)


def constrained_descent_weights(
    losses: NDArray[np.float64], ray: NDArray[np.float64], gramian: NDArray[np.float64], *, rate: float
) -> NDArray[np.float64]:
    """Return the weights w = mu + B' nu (T,) that minimise w' C w / 2 - rate nu' B loss (arXiv 2412.01773).

    The weights mu are a point of the simplex and nu is free: along - sum_t w_t g_t all losses fall alike, but for
    what the constraint B loss = 0 asks for, which falls at `rate`. Without nu the quadratic part has rank 1, so that
    some best mu has at most two entries: every pair has a closed form, and the best one is taken. All weights are 0
    where all gradients are.

    Args:
        losses: (T,) minimised.
        ray: (T,) on which losses are wanted, not 0; the rows of B are an orthonormal basis of what is orthogonal.
        gramian: (T, T) C, inner products of the gradients, finite.
        rate: above 0.
    """
    n_tasks = len(losses)
    basis = np.linalg.svd(ray[None])[2][1:]
    size = float(np.diag(gramian).max())
    if size == 0:
        return np.zeros(n_tasks)
    products = gramian + RIDGE * size * np.eye(n_tasks)
    inner = basis @ products @ basis.T
    wanted = rate * (basis @ losses)
    # The best nu for mu is given - taken @ mu.
    given, taken = (np.linalg.solve(inner, each) for each in (wanted, basis @ products))
    quadratic = products - products @ basis.T @ taken
    linear = products @ basis.T @ given
    best, mu = np.inf, np.zeros(n_tasks)
    for i in range(n_tasks):
        for j in range(i + 1, n_tasks):
            step = linear[i] - linear[j] + quadratic[j, i] - quadratic[j, j]
            bend = quadratic[i, i] - 2 * quadratic[i, j] + quadratic[j, j]
            # mu = s e_i + (1 - s) e_j: the value is bend s^2 / 2 + step s, and what j alone has.
            share = min(max(-step / bend, 0.0), 1.0) if bend > 0 else float(step < 0)
            value = bend * share**2 / 2 + step * share + quadratic[j, j] / 2 + linear[j]
            if value < best:
                best, mu = value, share * np.eye(n_tasks)[i] + (1 - share) * np.eye(n_tasks)[j]
    weights: NDArray[np.float64] = mu + basis.T @ (given - taken @ mu)
    return weights
