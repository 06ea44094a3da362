"""Low-rank terms of a model's weights, one for every task, that a preference mixes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class TaskAdapters(nn.Module):
    """Maps a preference r to a shift of one weight, scaling * sum_t r_t B_t A_t; zero at first, since every B is.

    The A_t start uniform within 1 / sqrt(columns), as linear layers do. All but the first dimension of a weight are
    joined to columns; a convolution's kernel (out, in, k, k) is shifted as a matrix (out k, in k) of rank `rank` k,
    as the authors of PaLoRA do.

    Both are kept divided by `speed`: Adam's steps do not depend on the scale of a gradient, so that the shift learns
    as if its learning rate were `speed` times that of the others.

    Args:
        shape: the weight's.
        rank: of every task's term, at most; it is never above the matrix's own.
        n_tasks: T, the length of r.
        scaling: of the whole shift.
        speed: factor of the learning rate.
        generator: draws the A_t.
    """

    def __init__(
        self,
        shape: Sequence[int],
        rank: int,
        n_tasks: int,
        *,
        scaling: float,
        speed: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        kernel = shape[2] if len(shape) == 4 and shape[2] == shape[3] else 1
        size = torch.Size(shape).numel()
        rows = (shape[0] if len(shape) > 0 else 1) * kernel
        columns = size // max(rows, 1)
        rank = min(rank * kernel, rows, columns)
        bound = max(columns, 1) ** -0.5
        self.left = nn.Parameter(torch.zeros(n_tasks, rows, rank))
        self.right = nn.Parameter((torch.rand(n_tasks, rank, columns, generator=generator) * 2 - 1) * bound / speed)
        self._scale = scaling * speed**2

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to the shift, flat."""
        weighted = self.left * (self._scale * preference)[:, None, None]
        # The sum over tasks is one product of matrices: (rows, T rank) by (T rank, columns).
        return (weighted.transpose(0, 1).flatten(1) @ self.right.flatten(0, 1)).flatten()


class AdaptedWeights(nn.Module):
    """Maps a preference r to flat weights theta plus the shifts of some of them; theta is trained too.

    Args:
        start: (P,) theta before the first step.
        adapters: one for every weight that is shifted.
        columns: where the weight of every adapter lies in theta, one a weight.
    """

    def __init__(self, start: Tensor, adapters: Sequence[TaskAdapters], columns: Sequence[slice]) -> None:
        super().__init__()
        self.weights = nn.Parameter(start.clone())
        self.adapters = nn.ModuleList(adapters)
        self._columns = list(columns)

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to weights (P,), a new tensor."""
        pieces, end = [], 0
        for columns, adapter in zip(self._columns, self.adapters, strict=True):
            pieces.append(self.weights[end : columns.start])
            pieces.append(self.weights[columns] + adapter(preference))
            end = columns.stop
        return torch.cat([*pieces, self.weights[end:]])
