"""The fits of a learner on a problem, each made once and shared by the tests."""

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
    """The fits of one learner on one problem, kept for all tests that only look at them."""

    learner: Learner
    problem: Problem

    @functools.cached_property
    def grid(self) -> NDArray[np.float64]:
        """The (n, T) preferences at the corners of the simplex and the middles of its edges."""
        return simplex_grid(self.problem.n_tasks, 3)

    def fit(
        self,
        preferences: NDArray[np.float64] | None = None,
        *,
        checkpoints: Checkpoints | None = None,
        progress: Progress = silent,
    ) -> ParetoSet:
        """Fit again, always with the same seed; on `grid` unless other preferences are given."""
        context = Context(seed=SEED, progress=progress, checkpoints=checkpoints or Checkpoints())
        return self.learner.fit(self.problem, self.grid if preferences is None else preferences, context)

    def restore(self) -> ParetoSet:
        """Return the first set, made again from its state."""
        return self.learner.restore(self.problem, self.first.state(), self.grid, Context(seed=SEED))

    def objectives(self, pareto_set: ParetoSet, preferences: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return the set's (n, T) errors on the test split."""
        return evaluate(self.problem, pareto_set, self.grid if preferences is None else preferences).objectives

    @functools.cached_property
    def first(self) -> ParetoSet:
        """The first fit of the grid."""
        return self.fit()

    @functools.cached_property
    def first_objectives(self) -> NDArray[np.float64]:
        """The (n, T) errors of the first fit."""
        return self.objectives(self.first)

    @functools.cached_property
    def second(self) -> WatchedFit:
        """A second fit of the grid, watched for what it leaves behind.

        Where restoring a set means fitting it again, this fit is made by `restore`, so that one fit serves both.
        """
        # A first use makes what is kept on purpose, which must not be taken for left behind.
        _ = self.first_objectives
        again: Callable[[], ParetoSet] = self.restore if self.restores_by_fitting else self.fit
        return watch(again, self.problem, self.grid)

    @functools.cached_property
    def restored_objectives(self) -> NDArray[np.float64]:
        """The (n, T) errors of the restored first set."""
        return self.second.objectives if self.restores_by_fitting else self.objectives(self.restore())

    @functools.cached_property
    def restores_by_fitting(self) -> bool:
        """Whether restoring the first set means fitting it again."""
        return type(self.learner).restore is Learner.restore and not self.state

    @property
    def state(self) -> dict[str, Tensor]:
        """The state of the first fit's set."""
        return dict(self.first.state())
