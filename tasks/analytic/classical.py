"""The base of suites that are a problem of the literature, with a fixed set of objectives."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ..problem import Budget, Problem
from ..progress import Progress
from ..suite import Suite
from .point import POINT_BUDGET, PointProblem


class ClassicalSuite(Suite):
    """Poses objectives f_1 ... f_T of one vector, minimised; tasks may be reordered, none may be left out.

    The front of fewer objectives is another problem's front. Nothing depends on the seed.
    """

    version: ClassVar[str] = "1"
    cpu_threads: ClassVar[int | None] = 1
    budget: ClassVar[Budget] = POINT_BUDGET
    has_examples: ClassVar[bool] = False
    reference: ClassVar[tuple[float, ...]]
    """The reference point of the hypervolume, (T,)."""

    @abstractmethod
    def objectives(self, x: Tensor) -> Tensor:
        """Return the objectives (T,) of a vector (d,), differentiable in it."""

    @abstractmethod
    def start(self) -> NDArray[np.float64]:
        """Return the pre-trained vector (d,), which is dominated and not stationary for any objective."""

    @abstractmethod
    def minimisers(self) -> NDArray[np.float64]:
        """Return for every objective a vector on the Pareto set that minimises it, (T, d)."""

    @abstractmethod
    def front(self) -> NDArray[np.float64]:
        """Return a dense sample of the true front, (n, T)."""

    @abstractmethod
    def hypervolume_limit(self) -> float:
        """Return the hypervolume of the whole true front at `reference`."""

    def choose(self, tasks: Sequence[str] | None) -> tuple[str, ...]:
        """Return the chosen tasks, which must be all, in any order.

        Raises:
            UnknownNameError: a task that the suite does not have.
            ConfigError: a task is missing.
        """
        chosen = super().choose(tasks)
        if len(chosen) != len(self.tasks):
            raise ConfigError(
                f"expected all objectives of {self.name!r} ({', '.join(self.tasks)}), in any order, since the true "
                f"front of fewer is another one; found {', '.join(chosen)}"
            )
        return chosen

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Make the problem with its objectives in the order of `tasks`."""
        order = [self.tasks.index(task) for task in self.choose(tasks)]
        return PointProblem(
            name=self.name,
            tasks=tasks,
            objectives=lambda x: self.objectives(x)[order],
            pretrained=self.start(),
            experts=self.minimisers()[order],
            reference_point=np.array(self.reference)[order],
            pareto_front=self.front()[:, order],
            hypervolume_limit=self.hypervolume_limit(),
            device=device,
            budget=self.budget,
        )
