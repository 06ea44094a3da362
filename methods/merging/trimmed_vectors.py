"""Task vectors that are trimmed weight by weight as they are needed: of T whole models only T numbers are kept."""

from __future__ import annotations

import torch
from torch import Tensor

from .task_vectors_by_weight import TaskVectorsByWeight


class TrimmedVectors:
    """Gives the trimmed task vectors of one weight at a time (arXiv 2306.01708, step 1).

    Args:
        vectors: what is trimmed.
        keep: share of every task vector's entries that trimming keeps.
    """

    def __init__(self, vectors: TaskVectorsByWeight, keep: float) -> None:
        self._vectors = vectors
        self._least = torch.stack([self._threshold(t, keep) for t in range(vectors.problem.n_tasks)])

    def of(self, name: str) -> Tensor:
        """Return the trimmed task vectors of one weight, (T, its size)."""
        return kept(self._vectors.of(name), self._least)

    def _threshold(self, t: int, keep: float) -> Tensor:
        """Return the least magnitude that is kept of one task vector."""
        weights, device = self._vectors.weights, self._vectors.problem.device
        magnitudes = torch.empty(weights.size, dtype=weights.dtype, device=device)
        for name, columns in weights.columns.items():
            magnitudes[columns] = self._vectors.one(t, name).abs_()
        return trimming_threshold(magnitudes, keep)


def trimming_threshold(magnitudes: Tensor, keep: float) -> Tensor:
    """Return the least magnitude that trimming keeps, the (P - floor(P keep))-th smallest, counted from 1.

    So floor(P keep) + 1 entries are kept, and those equal to the last of them (arXiv 2306.01708, step 1).

    Args:
        magnitudes: (P,); they may come back in another order.
        keep: share of the entries.
    """
    rank = max(1, len(magnitudes) - int(len(magnitudes) * keep))
    if magnitudes.device.type == "cpu":  # torch would copy them and number them by 64-bit integers
        values = magnitudes.numpy()
        values.partition(rank - 1)
        return magnitudes[rank - 1].clone()
    return magnitudes.kthvalue(rank).values


def kept(vectors: Tensor, least: Tensor) -> Tensor:
    """Return task vectors (T, P) with all entries below each row's least magnitude (T,) set to 0; zeros stay zeros."""
    return torch.where(vectors.abs() >= least[:, None], vectors, torch.zeros_like(vectors))
