"""Training until the validation error no longer falls, with all that a checkpoint keeps of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...tasks.problem import Batch, Problem
from ..flat_weights import FlatWeights
from ..learner import Context
from ..ranks import RankGroup
from ..scalarization import LinearScalarization
from ..shared_step import shared_step
from ..training import REPORT_EVERY, finite_loss
from .model_step import TrainedModel

_CHECKPOINT = "fit"


class ConvergingTraining:
    """Trains all weights on the mean of the tasks' losses, and keeps the best state on the validation split.

    Args:
        problem: what is learned; its pre-trained model is the start, and the first that is looked at.
        weights: the order of the trained weights.
        recipe: the options; nothing may be unset.
    """

    def __init__(self, problem: Problem, weights: FlatWeights, recipe: Any) -> None:
        self._problem, self._weights, self._recipe = problem, weights, recipe
        self._weight = weights.join(problem.pretrained).requires_grad_()
        self._lowered = False
        self._optimizer = self._made_optimizer()
        self._waited = 0
        self.step = 0
        self.checks = 0
        self.converged = False
        """Whether it ended since nothing improved, not since its steps were used up."""
        self.best = self._weight.detach().clone()
        """The trained weights with the least mean error on the validation split so far, (P,)."""
        self.best_step = 0
        self.least_error = math.inf

    def run(self, context: Context, batches: Iterator[Batch]) -> None:
        """Train until nothing improves or all steps are taken."""
        recipe = self._recipe
        ranks = context.ranks
        if self.checks == 0:
            self._check(ranks)
        while self.step < recipe.steps and not self.converged:
            loss = self._take_step(next(batches), ranks)
            self.step += 1
            last = self.step == recipe.steps
            reports = self.step % REPORT_EVERY == 0 or last
            value = finite_loss(loss, self.step, recipe.lr) if reports else math.nan
            if self.step % recipe.check_every == 0 or last:
                self._check(ranks)
            converged = bool(self.converged)  # a type checker does not see that `_check` has changed it
            if reports or converged:
                if context.checkpoints.due or last or converged:
                    context.checkpoints.save(_CHECKPOINT, self._state())
                context.progress("fit", self.step, recipe.steps, loss=value if reports else float(loss))

    def resume(self, context: Context, batches: Iterator[Batch]) -> None:
        """Go on from the last checkpoint where there is one, past the batches that were used."""
        saved = context.checkpoints.load(_CHECKPOINT, self._weight.device)
        if saved is None:
            return
        with torch.no_grad():
            self._weight.copy_(saved["weight"])
        self._lowered = saved["lowered"]
        self._optimizer = self._made_optimizer()
        self._optimizer.load_state_dict(saved["optimizer"])
        self.best, self.best_step, self.least_error = saved["best"], saved["best_step"], saved["least_error"]
        self._waited, self.checks, self.converged = saved["waited"], saved["checks"], saved["converged"]
        for _ in range(saved["step"]):
            next(batches)
        self.step = saved["step"]

    def _state(self) -> dict[str, Any]:
        return {
            "weight": self._weight.detach(),
            "optimizer": self._optimizer.state_dict(),
            "lowered": self._lowered,
            "best": self.best,
            "best_step": self.best_step,
            "least_error": self.least_error,
            "waited": self._waited,
            "step": self.step,
            "checks": self.checks,
            "converged": self.converged,
        }

    def _made_optimizer(self) -> torch.optim.Adam:
        return torch.optim.Adam(
            [self._weight], lr=self._recipe.lr * (self._recipe.final_lr_ratio if self._lowered else 1.0)
        )

    def _take_step(self, batch: Batch, ranks: RankGroup) -> Tensor:
        """Take one step down the mean loss, and return that of before."""
        self._optimizer.zero_grad()
        n_tasks = self._problem.n_tasks
        model, equal = TrainedModel(self._problem, self._weights, self._weight), np.full(n_tasks, 1 / n_tasks)
        if ranks.count > 1:  # else the sums keep their order, and results their bytes
            loss = shared_step(model, [self._weight], LinearScalarization(), [(equal, batch)], ranks)
        else:
            loss = model.losses(equal, batch).mean()
            loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        self._optimizer.step()
        return loss.detach()

    def _check(self, ranks: RankGroup) -> None:
        """Look at the validation split: keep the model if it is better, else lower the learning rate or end in time.

        Every rank looks, and all go by what the first has found.
        """
        found = self._problem.evaluate(self._params(self._weight.detach()), "val")
        agreed = torch.tensor(float(found.error.mean()) if found.finite else math.inf, dtype=torch.float64)
        agreed = agreed.to(self._weight.device)
        ranks.copy_first_(agreed)
        error = float(agreed)
        self.checks += 1
        if error < self.least_error:
            self.best, self.best_step, self.least_error = self._weight.detach().clone(), self.step, error
            self._waited = 0
            return
        self._waited += 1
        if self._waited < self._recipe.patience:
            return
        if self._lowered:
            self.converged = True
            return
        self._lowered, self._waited = True, 0
        with torch.no_grad():
            self._weight.copy_(self.best)
        self._optimizer = self._made_optimizer()

    def _params(self, flat: Tensor) -> dict[str, Tensor]:
        return {**self._problem.pretrained, **self._weights.named(flat)}
