"""Task vectors that are trimmed weight by weight as they are needed: of T whole models only T numbers are kept."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...tasks.problem import Params, Problem
from ..flat_weights import FlatWeights


class TrimmedVectors:
    """Gives the trimmed task vectors of one weight at a time (arXiv 2306.01708, step 1).

    Args:
        problem: source of the pre-trained model and the experts.
        keep: share of every task vector's entries that trimming keeps.
    """

    def __init__(self, problem: Problem, keep: float) -> None:
        self._problem = problem
        self.weights = FlatWeights(problem, problem.pretrained)
        """What is merged, and the type that it is merged in."""
        self._least = torch.stack([self._threshold(expert, keep) for expert in problem.experts])

    def of(self, name: str) -> Tensor:
        """Return the trimmed task vectors of one weight, (T, its size)."""
        return kept(torch.stack([self._vector(expert, name) for expert in self._problem.experts]), self._least)

    def shifted(self, value: float, direction: Callable[[str], Tensor]) -> Params:
        """Return the pre-trained model plus `value` times a direction, which is given by the name of a weight."""
        merged = {
            name: self._as_merged(self._problem.pretrained, name) + value * direction(name)
            for name in self.weights.names
        }
        return {**self._problem.pretrained, **self.weights.restored(merged)}

    def _vector(self, expert: Params, name: str) -> Tensor:
        return self._as_merged(expert, name) - self._as_merged(self._problem.pretrained, name)

    def _as_merged(self, params: Params, name: str) -> Tensor:
        return params[name].detach().flatten().to(self.weights.dtype)

    def _threshold(self, expert: Params, keep: float) -> Tensor:
        """Return the least magnitude that is kept of one task vector."""
        magnitudes = torch.empty(self.weights.size, dtype=self.weights.dtype, device=self._problem.device)
        for name, columns in self.weights.columns.items():
            magnitudes[columns] = self._vector(expert, name).abs_()
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
