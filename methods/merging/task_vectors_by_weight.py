"""Task vectors of one weight at a time: T whole models are not held a second time beside the experts."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...tasks.problem import Params, Problem
from ..flat_weights import FlatWeights


class TaskVectorsByWeight:
    """Gives the task vectors of one weight at a time, in single precision or better.

    Args:
        problem: source of the pre-trained model and the experts.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        """Source of the pre-trained model and the experts."""
        self.weights = FlatWeights(problem, problem.pretrained)
        """What is merged, and the type that it is merged in."""

    def one(self, t: int, name: str) -> Tensor:
        """Return the task vector of task `t` in one weight, (its size,)."""
        return self._as_merged(self.problem.experts[t], name) - self._as_merged(self.problem.pretrained, name)

    def of(self, name: str) -> Tensor:
        """Return the T task vectors of one weight, (T, its size)."""
        return torch.stack([self.one(t, name) for t in range(self.problem.n_tasks)])

    def shifted(self, value: float, direction: Callable[[str], Tensor]) -> Params:
        """Return the pre-trained model plus `value` times a direction, which is given by the name of a weight."""
        merged = {
            name: self._as_merged(self.problem.pretrained, name) + value * direction(name)
            for name in self.weights.names
        }
        return {**self.problem.pretrained, **self.weights.restored(merged)}

    def _as_merged(self, params: Params, name: str) -> Tensor:
        return params[name].detach().flatten().to(self.weights.dtype)
