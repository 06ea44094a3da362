"""The suite `merging-toy`: its task vectors are the axes, so that merging is exactly right."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..problem import Budget, Problem
from ..progress import Progress
from ..suite import Suite
from .dense_simplex import dense_simplex
from .point import POINT_BUDGET, PointProblem
from .simplex_quadratics import distances_to_corners, hypervolume_of_distances


class MergingToy(Suite):
    """Poses f_t = |x - e_t|^2 on R^T for the T tasks that are chosen, minimised; the e_t are the experts.

    The pre-trained vector is 0. The Pareto set is the simplex, so an answer's merge coefficients are read off it.
    Linear scalarization's answer to r is x = r, which is interpolation's too; f(r) = |r|^2 - 2 r_t + 1. Nothing depends
    on the seed.
    """

    name: ClassVar[str] = "merging-toy"
    version: ClassVar[str] = "1"
    tasks: ClassVar[tuple[str, ...]] = tuple(f"e{t}" for t in range(1, 9))
    cpu_threads: ClassVar[int | None] = 1
    budget: ClassVar[Budget] = POINT_BUDGET
    has_examples: ClassVar[bool] = False

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Make the problem, of as many dimensions as tasks; at the reference point, 2, are other tasks' experts."""
        n_tasks = len(tasks)

        def objectives(x: Tensor) -> Tensor:
            return (x - torch.eye(n_tasks, dtype=x.dtype, device=x.device)).square().sum(dim=1)

        return PointProblem(
            name=self.name,
            tasks=tasks,
            objectives=objectives,
            pretrained=np.zeros(n_tasks),
            experts=np.eye(n_tasks),
            reference_point=np.full(n_tasks, 2.0),
            pareto_front=distances_to_corners(dense_simplex(n_tasks)),
            hypervolume_limit=hypervolume_of_distances(n_tasks),
            device=device,
            budget=self.budget,
        )
