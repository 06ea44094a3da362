"""One step of a training of a whole model along a scalarization."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...tasks.loss_checks import require_differentiable, require_losses
from ...tasks.precision import at_least_single
from ...tasks.problem import Batch, Problem
from ..flat_weights import FlatWeights
from ..ranks import RankGroup
from ..scalarization import Scalarization
from ..shared_step import shared_step


class TrainedModel:
    """A model whose weights are trained whole.

    Args:
        problem: gives the losses.
        weights: the order of the trained weights.
        trained: (P,) the weights, a leaf.
    """

    def __init__(self, problem: Problem, weights: FlatWeights, trained: Tensor) -> None:
        self.problem = problem
        self.trained = trained
        self._weights = weights

    def losses(self, _: NDArray[np.float64], batch: Batch) -> Tensor:
        """Return the losses (T,), differentiable."""
        problem, params = self.problem, self._params()
        losses = require_losses(problem, "losses", problem.losses(params, batch), (problem.n_tasks,))
        require_differentiable(problem, "losses", losses, [params])
        return at_least_single(losses)

    def task_gradients(self, _: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return losses (T,) and gradients (T, P), task by task: each pass holds one task's examples only."""
        losses, rows = [], self.trained.new_empty(self.problem.n_tasks, len(self.trained))
        for t, row in enumerate(rows):
            params = self._params()
            loss = require_losses(self.problem, "task_loss", self.problem.task_loss(t, params, batch), ())
            require_differentiable(self.problem, "task_loss", loss, [params])
            row.copy_(torch.autograd.grad(loss, self.trained)[0])
            losses.append(at_least_single(loss.detach()))
        return torch.stack(losses), rows

    def _params(self) -> dict[str, Tensor]:
        return {**self.problem.pretrained, **self._weights.named(self.trained)}


class ModelStep:
    """Leaves the scalarized gradient of one batch in the weights of one model.

    Args:
        model: what is trained.
        scalarization: weighs the tasks' losses.
        preference: (T,) of the model.
        ranks: who share the step.
    """

    def __init__(
        self, model: TrainedModel, scalarization: Scalarization, preference: NDArray[np.float64], ranks: RankGroup
    ) -> None:
        self._model = model
        self._scalarization = scalarization
        self._preference = preference
        self._ranks = ranks

    def __call__(self, batch: Batch) -> Tensor:
        """Take the step, and return the weighted loss."""
        model, scalarization, preference = self._model, self._scalarization, self._preference
        if self._ranks.count > 1:  # else the sums keep their order, and results their bytes
            return shared_step(model, [model.trained], scalarization, [(preference, batch)], self._ranks)
        if scalarization.needs_gramian:
            loss, model.trained.grad = scalarization.combined(*model.task_gradients(preference, batch), preference)
            return loss
        loss = scalarization.loss(model.losses(preference, batch), preference)
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        return loss
