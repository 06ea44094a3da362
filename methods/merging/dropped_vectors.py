"""Task vectors that lose entries at random, weight by weight as they are needed: no mask is kept."""

from __future__ import annotations

import torch
from torch import Tensor

from ..learner import Context
from .task_vectors_by_weight import TaskVectorsByWeight


class DroppedVectors(TaskVectorsByWeight):
    """Drops entries of task vectors at random and rescales the others (DARE, arXiv 2311.03099).

    An entry is set to 0 with probability p, and divided by 1 - p otherwise, so that its expectation stays. What is
    dropped depends on the seed, the task's name and the weight's name alone, and is the same however often it is asked
    for. Buffers (running statistics), which are no trained parameters, are left as they are.

    Args:
        vectors: what entries are dropped from.
        drop: the probability p of each entry, below 1.
        context: source of the random streams.
    """

    def __init__(self, vectors: TaskVectorsByWeight, drop: float, context: Context) -> None:
        super().__init__(vectors.problem)
        self._drop = drop
        self._context = context
        self._trained = {name for name, _ in vectors.problem.model.named_parameters()}

    def one(self, t: int, name: str) -> Tensor:
        """Return the task vector of task `t` in one weight, (its size,), with entries dropped and rescaled."""
        vector = super().one(t, name)
        if name not in self._trained:
            return vector
        generator = self._context.generator(f"dropped of {self.problem.tasks[t]} in {name}")
        stays = torch.rand(vector.shape, generator=generator) >= self._drop
        return torch.where(stays.to(vector.device), vector / (1 - self._drop), torch.zeros_like(vector))
