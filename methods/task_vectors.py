"""Task vectors in flat banks: a merge is one contraction over T rows, never T copies of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ..tasks.problem import Problem
from .flat_weights import FlatWeights


class TaskVectorBank(FlatWeights):
    """The pre-trained values and T task vectors of some parameters, each flattened and joined.

    Buffers are merged too, without gradients.

    Args:
        problem: source of the pre-trained model and the experts.
        names: which parameters, None for all.
    """

    def __init__(self, problem: Problem, names: Iterable[str] | None = None) -> None:
        super().__init__(problem, problem.pretrained if names is None else names)
        self.base = self.join(problem.pretrained)
        """(P,) pre-trained values."""
        self.vectors = torch.empty(problem.n_tasks, len(self.base), dtype=self.base.dtype, device=self.base.device)
        """(T, P) expert minus pre-trained."""
        for row, expert in zip(self.vectors, problem.experts, strict=True):
            torch.sub(self.join(expert), self.base, out=row)

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """The merged parameters by name, views of one new flat tensor; differentiable in (T,) coefficients."""
        return self.named(self.merge_flat(coefficients))

    def merge_flat(self, coefficients: Tensor) -> Tensor:
        """(P,) `base + coefficients @ vectors`, differentiable in (T,) coefficients."""
        return torch.addmv(self.base, self.vectors.T, coefficients.to(self.base.dtype))


class ModelMerger:
    """theta_0 + sum_i c_i (theta_i - theta_0) over a whole model; what is not a weight stays pre-trained."""

    def __init__(self, problem: Problem) -> None:
        self._bank = TaskVectorBank(problem)
        self._pretrained = problem.pretrained

    def __call__(self, coefficients: Sequence[float] | Tensor) -> dict[str, Tensor]:
        """The merged model for (T,) coefficients."""
        vector = torch.as_tensor(coefficients, dtype=self._bank.base.dtype, device=self._bank.base.device)
        return {**self._pretrained, **self._bank.merge(vector)}
