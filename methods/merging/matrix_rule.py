"""Merge rules that treat weight matrices in a way of their own and average all other weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...errors import UnsupportedError
from ..layers import layers_of
from .direction_merger import DirectionMerger, MergeRule
from .task_vectors_by_weight import TaskVectorsByWeight


class MatrixRule(MergeRule):
    """Merges the task vectors of some matrices by a rule, and averages those of all other weights.

    Args:
        vectors: the task vectors.
        matrices: names of the weights that the rule is for, two-dimensional ones.
    """

    prefix: ClassVar[str]
    """Before the names of the diagnostics, with words joined by underscores."""

    def __init__(self, vectors: TaskVectorsByWeight, matrices: Iterable[str]) -> None:
        self._vectors = vectors
        self._matrices = frozenset(matrices).intersection(vectors.weights.names)

    @abstractmethod
    def merge(self, name: str, matrices: Tensor, scale: Tensor) -> Tensor:
        """Return the merge (m, n) of the T task vectors of one matrix.

        Args:
            name: the matrix's name.
            matrices: (T, m, n), not yet scaled.
            scale: (T,) by how much each task counts, of the same type.
        """

    def merge_other(self, rows: Tensor, scale: Tensor) -> Tensor:
        """Return the merge (P,) of the T task vectors of a weight that the rule is not for: their weighted average.

        Args:
            rows: (T, P), not yet scaled.
            scale: (T,) by how much each task counts, of the same type.
        """
        return torch.mv(rows.T, scale / len(rows))

    def directions(self, scale: Tensor) -> Callable[[str], Tensor]:
        """Return a function from the name of a weight to its merged direction, (its size,)."""
        scale = scale.to(self._vectors.weights.dtype)

        def direction(name: str) -> Tensor:
            rows = self._vectors.of(name)
            if name not in self._matrices:
                return self.merge_other(rows, scale)
            shape = self._vectors.problem.pretrained[name].shape
            return self.merge(name, rows.view(len(rows), *shape), scale).flatten()

        return direction

    def diagnostics(self) -> Mapping[str, float]:
        """Return how many layers the rule reached, and how many were averaged."""
        merged = layers_of(self._matrices)
        averaged = layers_of(self._vectors.problem.merged) - merged
        return {
            f"{self.prefix}_merged_layers": float(len(merged)),
            f"{self.prefix}_averaged_layers": float(len(averaged)),
        }


def matrices_of(model: nn.Module) -> list[str]:
    """Return the names of a model's parameters that are matrices with two or more rows and columns.

    Raises:
        UnsupportedError: it has none.
    """
    named = model.named_parameters()
    found = [
        name for name, weight in named if weight.ndim == 2 and min(weight.shape) > 1 and weight.is_floating_point()
    ]
    if not found:
        raise UnsupportedError(
            "expected an architecture with weight matrices, two-dimensional parameters with two or more rows and "
            f"columns, found none in {type(model).__name__}"
        )
    return found


class MatrixMerger(DirectionMerger):
    """Merges matrices by a rule of their own; what has none is merged by another learner as well."""

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Refuse an architecture without weight matrices.

        Raises:
            UnsupportedError: it has none.
        """
        matrices_of(model)
