"""Counting the forward passes that training steps make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from torch import Tensor

from ..tasks.problem import Problem

Input = TypeVar("Input")


class CountedPasses(Generic[Input]):
    """Takes training steps and counts how often each runs the problem's architecture.

    Args:
        problem: counts its forward passes.
        step: the training step, see `train`.
    """

    def __init__(self, problem: Problem, step: Callable[[Input], Tensor]) -> None:
        self._problem = problem
        self._step = step
        self._steps = 0
        self._passes = 0

    def __call__(self, drawn: Input) -> Tensor:
        """Take a step."""
        before = self._problem.forward_passes
        loss = self._step(drawn)
        self._passes += self._problem.forward_passes - before
        self._steps += 1
        return loss

    def diagnostics(self) -> Mapping[str, float]:
        """Return `passes_per_step`; nothing where no step was taken, or the problem runs no architecture."""
        return {"passes_per_step": self._passes / self._steps} if self._passes else {}
