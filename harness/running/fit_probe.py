"""Score the partial set during a fit: its hypervolume on a few preferences, a few times and at the end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import FrontError
from ...methods import ParetoSet
from ...metrics import hypervolume
from ...tasks import Problem
from .evaluate import evaluate_members
from .worker_events import Probed, Reporter


class FitProbe:
    """A `methods.Probe`: evaluates the corners of the simplex and its centre, T + 1 preferences.

    Args:
        problem: what is fitted.
        split: that is looked at; never test.
        times: how often, at equal distances: after 1/4, 2/4 and 3/4 of the steps for 3; 0 for never.
        reporter: is told the hypervolume at the problem's reference point.
        clock: seconds, once the device has done what it was given.
        fit_time_s: seconds the fit has taken so far, without `time_s`.

    The memory of looking is part of the fit's peak.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        split: str,
        times: int,
        reporter: Reporter,
        clock: Callable[[], float],
        fit_time_s: Callable[[], float],
    ) -> None:
        self._problem = problem
        self._split = split
        self._times = times
        self._reporter = reporter
        self._clock = clock
        self._fit_time_s = fit_time_s
        self._passed = 0
        n_tasks = problem.n_tasks
        self._preferences = np.vstack([np.eye(n_tasks), np.full(n_tasks, 1 / n_tasks)])
        self.time_s = 0.0
        """Spent here so far; the fit is not to be charged for it."""

    def __call__(self, step: int, total: int, partial_set: Callable[[], ParetoSet]) -> None:
        """Score the set if training has passed the next of `times` evenly spaced steps."""
        moment = step * (self._times + 1) // total
        if not self._passed < moment <= self._times:
            return
        self._passed = moment
        start = self._clock()
        fit_time_s = self._fit_time_s()
        value = self._score(partial_set)
        self.time_s += self._clock() - start
        self._reporter.probed(Probed(step, total, moment, value, fit_time_s))

    def finish(self, pareto_set: ParetoSet, fit_time_s: float) -> None:
        """Score the finished set, outside of the fit's time, if the fit was looked at.

        Args:
            pareto_set: what the fit has returned.
            fit_time_s: what the whole fit took.
        """
        if self._times > 0:
            self._reporter.finished_probed(self._score(lambda: pareto_set), fit_time_s)

    def _score(self, found: Callable[[], ParetoSet]) -> float:
        """Hypervolume of a set at the few preferences; 0 where a model answers NaN, which dominates nothing."""
        try:
            evaluation = evaluate_members(self._problem, found(), self._preferences, self._split)
            return hypervolume(evaluation.front(), self._problem.reference_point).value
        except FrontError:
            return 0.0  # the fit may still recover
