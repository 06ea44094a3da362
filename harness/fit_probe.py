"""Scores a set in the making: its hypervolume on a few preferences, a few times during a fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import FrontError
from ..methods import ParetoSet
from ..metrics import hypervolume
from ..tasks import Problem
from .evaluation import evaluate_members
from .reporter import Reporter


class FitProbe:
    """A `methods.Probe`: evaluates the corners of the simplex and its centre, T + 1 preferences.

    Args:
        problem: what is fitted.
        split: that is looked at; never test.
        times: how often, at equal distances: after 1/4, 2/4 and 3/4 of the steps for 3; 0 for never.
        reporter: is told the hypervolume at the problem's reference point.
        clock: seconds, once the device has done what it was given.

    The memory of looking is part of the fit's peak.
    """

    def __init__(
        self, problem: Problem, *, split: str, times: int, reporter: Reporter, clock: Callable[[], float]
    ) -> None:
        self._problem = problem
        self._split = split
        self._times = times
        self._reporter = reporter
        self._clock = clock
        self._passed = 0
        n_tasks = problem.n_tasks
        self._preferences = np.vstack([np.eye(n_tasks), np.full(n_tasks, 1 / n_tasks)])
        self.time_s = 0.0
        """Spent here so far; the fit is not to be charged for it."""

    def __call__(self, step: int, total: int, in_the_making: Callable[[], ParetoSet]) -> None:
        """Looks where the next moment has come."""
        moment = step * (self._times + 1) // total
        if not self._passed < moment <= self._times:
            return
        self._passed = moment
        start = self._clock()
        try:
            evaluation = evaluate_members(self._problem, in_the_making(), self._preferences, self._split)
            value = hypervolume(evaluation.front(), self._problem.reference_point).value
        except FrontError:
            value = 0.0  # a model that answers NaN dominates nothing; the fit may still recover
        self.time_s += self._clock() - start
        self._reporter.probed(step, total, moment, value)
