"""Banks of flat task vectors, in which a merge is one contraction over T rows and makes no T copies of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ..tasks.problem import Problem
from .flat_weights import FlatWeights


class TaskVectorBank(FlatWeights):
    """Holds the pre-trained values and T task vectors of some weights, each joined to one flat row.

    Buffers are merged too, without gradients.

    Args:
        problem: source of the pre-trained model and the experts.
        names: which weights and buffers, None for all.
    """

    def __init__(self, problem: Problem, names: Iterable[str] | None = None) -> None:
        super().__init__(problem, problem.pretrained if names is None else names)
        self.base = self.join(problem.pretrained)
        """The pre-trained values, (P,)."""
        self.vectors = torch.empty(problem.n_tasks, len(self.base), dtype=self.base.dtype, device=self.base.device)
        """The task vectors, expert minus pre-trained, (T, P)."""
        for row, expert in zip(self.vectors, problem.experts, strict=True):
            torch.sub(self.join(expert), self.base, out=row)

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """Return the merged weights by name, views of one new flat tensor, differentiable in coefficients (T,)."""
        return self.named(self.merge_flat(coefficients))

    def merge_flat(self, coefficients: Tensor) -> Tensor:
        """Return `base + coefficients @ vectors` (P,), differentiable in coefficients (T,)."""
        return torch.addmv(self.base, self.vectors.T, coefficients.to(self.base.dtype))


class ModelMerger:
    """Merges whole models: theta_0 + sum_i c_i (theta_i - theta_0); what is not floating point stays pre-trained.

    Args:
        problem: source of the pre-trained model theta_0 and the experts theta_i.
    """

    def __init__(self, problem: Problem) -> None:
        self._bank = TaskVectorBank(problem)
        self._pretrained = problem.pretrained

    def __call__(self, coefficients: Sequence[float] | Tensor) -> dict[str, Tensor]:
        """Return the merged model for coefficients (T,)."""
        vector = torch.as_tensor(coefficients, dtype=self._bank.base.dtype, device=self._bank.base.device)
        return {**self._pretrained, **self._bank.merge(vector)}
