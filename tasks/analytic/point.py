"""Problems without data: T closed-form objectives of one vector, minimised."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ...errors import UnknownNameError
from ..objectives import Objectives
from ..problem import Batch, Budget, Params, Problem

SPLITS = ("train", "val", "test")
"""The names of the splits, which are all the same, since there is no data."""

POINT_BUDGET = Budget(steps=1000, batch_size=1, lr=0.02)
"""The training recommended for these problems, in which Adam crosses a distance of a few units."""


class Point(nn.Module):
    """An architecture whose only weight is its output: the vector `x` (d,)."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.zeros(dimension))

    def forward(self) -> Tensor:
        """Return the vector."""
        return self.x


class PointProblem(Problem):
    """Poses T objectives of one vector, minimised; error and loss both are the objective, on every split.

    Weights are float32, as a network's are. Evaluation is in float64: what it reports is what the vector attains,
    so that rounding never puts a front below the true one.

    Args:
        objectives: function from a vector (d,) to values (T,), differentiable, of its type and on its device.
        pretrained: (d,) the vector from which every learner starts.
        experts: (T, d) vectors of which row t minimises objective t.
        device: where the weights go.
        others: see `Problem`.
    """

    def __init__(
        self,
        *,
        name: str,
        tasks: Sequence[str],
        objectives: Callable[[Tensor], Tensor],
        pretrained: ArrayLike,
        experts: ArrayLike,
        reference_point: NDArray[np.float64],
        pareto_front: NDArray[np.float64],
        hypervolume_limit: float,
        device: torch.device,
        budget: Budget = POINT_BUDGET,
    ) -> None:
        def params(x: ArrayLike) -> Params:
            return {"x": torch.tensor(np.asarray(x), dtype=torch.float32, device=device)}

        start = params(pretrained)
        super().__init__(
            name=name,
            tasks=tasks,
            model=Point(len(start["x"])).to(device),
            pretrained=start,
            experts=[params(x) for x in np.asarray(experts)],
            budget=budget,
            reference_point=reference_point,
            pareto_front=pareto_front,
            hypervolume_limit=hypervolume_limit,
        )
        self.objectives = objectives

    def losses(self, params: Params, batch: Batch) -> Tensor:
        """Return the objectives (T,); the batch is not looked at."""
        return self.objectives(params["x"])

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return objective `t`, a scalar."""
        return self.objectives(params["x"])[t]

    def n_examples(self, split: str) -> tuple[int, ...]:
        """Return zeros (T,): the objectives need no data."""
        _check_split(split)
        return (0,) * self.n_tasks

    def batches(self, split: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Yield `None` forever: the objectives need no data."""
        _check_split(split)
        return itertools.repeat(None)

    @torch.no_grad()
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Return the objectives in float64."""
        _check_split(split)
        values = self.objectives(params["x"].cpu().double()).numpy()
        return Objectives(values, values.copy())


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
