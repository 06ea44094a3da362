"""Problems whose tasks are regressions of one network; the objective is the unexplained share of the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..examples import ExampleProblem, Examples
from ..objectives import Objectives
from ..precision import at_least_single
from ..problem import Batch, Budget, Params


class RegressionProblem(ExampleProblem):
    """Poses T regressions to one network; loss and error t are E|output - target|^2 / power, minimised.

    With the targets' mean squared norm as the power, predicting zero has the error 1.

    Args:
        data: for every task, split name -> examples, whose labels are targets (n, outputs).
        power: what squared errors are divided by, the same for all tasks.
        others: see `Problem`.
    """

    def __init__(
        self,
        *,
        name: str,
        tasks: Sequence[str],
        model: nn.Module,
        pretrained: Params,
        experts: Sequence[Params],
        budget: Budget,
        data: Sequence[Mapping[str, Examples]],
        power: float,
        reference_point: NDArray[np.float64] | None = None,
        pareto_front: NDArray[np.float64] | None = None,
        hypervolume_limit: float | None = None,
    ) -> None:
        super().__init__(
            name=name,
            tasks=tasks,
            model=model,
            pretrained=pretrained,
            experts=experts,
            budget=budget,
            reference_point=reference_point,
            pareto_front=pareto_front,
            hypervolume_limit=hypervolume_limit,
            data=data,
        )
        self.power = power

    def losses(self, params: Params, batch: Batch) -> Tensor:
        """Return the losses (T,); the T mini-batches go through the network as one."""
        outputs = self.forward(params, torch.cat([part.inputs for part in batch]))
        parts = torch.split(outputs, [len(part) for part in batch])
        return torch.stack([self._unexplained(o, part) for o, part in zip(parts, batch, strict=True)])

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return the loss of task `t`, a scalar."""
        return self._unexplained(self.forward(params, batch[t].inputs), batch[t])

    @torch.no_grad()
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Return error and loss over the whole split, in one forward pass a task."""
        values = [
            float(self._unexplained(self.forward(params, examples.inputs), examples))
            for examples in (self.as_batch(self.examples(t, split)) for t in range(self.n_tasks))
        ]
        return Objectives(np.array(values), np.array(values))

    def _unexplained(self, outputs: Tensor, examples: Examples) -> Tensor:
        return (at_least_single(outputs) - examples.labels).square().sum(dim=1).mean() / self.power
