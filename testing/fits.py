"""A learner on a problem: its fits, each made once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..harness.running.evaluate import evaluate
from ..methods import Checkpoints, Context, Learner, ParetoSet
from ..metrics import simplex_grid
from ..tasks import Problem, Progress, silent
from .watched_fit import WatchedFit, watch

SEED = 3


@dataclass(frozen=True)
class Fits:
    """What a learner makes of a problem, kept for all tests that only look."""

    learner: Learner
    problem: Problem

    @functools.cached_property
    def grid(self) -> NDArray[np.float64]:
        """(n, T) preferences: the corners and the middles of the edges."""
        return simplex_grid(self.problem.n_tasks, 3)

    def fit(
        self,
        preferences: NDArray[np.float64] | None = None,
        *,
        checkpoints: Checkpoints | None = None,
        progress: Progress = silent,
    ) -> ParetoSet:
        """Fit anew, on the grid unless told, always with the same seed."""
        context = Context(seed=SEED, progress=progress, checkpoints=checkpoints or Checkpoints())
        return self.learner.fit(self.problem, self.grid if preferences is None else preferences, context)

    def restore(self) -> ParetoSet:
        """The first set, made again from its state."""
        return self.learner.restore(self.problem, self.first.state(), self.grid, Context(seed=SEED))

    def objectives(self, pareto_set: ParetoSet, preferences: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """(n, T) errors on the test split."""
        return evaluate(self.problem, pareto_set, self.grid if preferences is None else preferences).objectives

    @functools.cached_property
    def first(self) -> ParetoSet:
        """The first fit of the grid."""
        return self.fit()

    @functools.cached_property
    def first_objectives(self) -> NDArray[np.float64]:
        """(n, T) of the first fit."""
        return self.objectives(self.first)

    @functools.cached_property
    def second(self) -> WatchedFit:
        """The same fit again, watched.

        A set without a state is restored by fitting it again; then this one is made so, and serves both.
        """
        assert self.first_objectives is not None  # whatever is kept on purpose from a first use on is made
        again: Callable[[], ParetoSet] = self.restore if self.restores_by_fitting else self.fit
        return watch(again, self.problem, self.grid)

    @functools.cached_property
    def restored_objectives(self) -> NDArray[np.float64]:
        """(n, T) of the first set, restored."""
        return self.second.objectives if self.restores_by_fitting else self.objectives(self.restore())

    @functools.cached_property
    def restores_by_fitting(self) -> bool:
        """Whether a restored set is nothing but another fit."""
        return type(self.learner).restore is Learner.restore and not self.state

    @property
    def state(self) -> dict[str, Tensor]:
        """Of the first fit."""
        return dict(self.first.state())
