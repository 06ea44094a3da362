"""Score the partial set a few times during a fit, and the finished set: hypervolume at a few preferences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import FrontError
from ...methods import ParetoSet
from ...metrics import hypervolume
from ...tasks import Problem
from ...tasks.real_numbers import as_whole
from .evaluate import evaluate_members
from .rounded_seconds import rounded_seconds
from .worker_events import Probed, Reporter


class FitProbe:
    """A `methods.Probe` that evaluates the partial set at the corners and the centre of the simplex: T + 1 preferences.

    Args:
        problem: the problem that is fitted.
        split: the split that is evaluated; never test.
        times: how often to score, at equal distances: 3 means after 1/4, 2/4 and 3/4 of the steps, 0 means never.
        reporter: receives the hypervolume at the problem's reference point.
        clock: returns seconds, once the device has finished its work.
        fit_time_s: returns the seconds that the fit has taken so far, without `time_s`.

    The memory that probing needs is part of the fit's peak.
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
        """Seconds spent on probing so far, which are not charged to the fit."""

    def __call__(self, step: int, total: int, partial_set: Callable[[], ParetoSet]) -> None:
        """Score the set if training has passed the next of `times` evenly spaced steps."""
        step, total = as_whole("the step of probe()", step), as_whole("the total of probe()", total)
        moment = step * (self._times + 1) // total
        if not self._passed < moment <= self._times:
            return
        self._passed = moment
        start = self._clock()
        fit_time_s = rounded_seconds(self._fit_time_s())
        value = self._score(partial_set)
        self.time_s += self._clock() - start
        self._reporter.probed(Probed(step, total, moment, value, fit_time_s))

    def finish(self, pareto_set: ParetoSet, fit_time_s: float) -> None:
        """Score the finished set, if `times` is above 0; the fit's time has ended before.

        Args:
            pareto_set: the set that the fit has returned.
            fit_time_s: seconds that the whole fit took.
        """
        if self._times > 0:
            self._reporter.finished_probed(self._score(lambda: pareto_set), fit_time_s)

    def _score(self, found: Callable[[], ParetoSet]) -> float:
        """Return a set's hypervolume at the T + 1 preferences; 0 where a member gives NaN, which dominates nothing."""
        try:
            evaluation = evaluate_members(self._problem, found(), self._preferences, self._split)
            return hypervolume(evaluation.front(), self._problem.reference_point).value
        except FrontError:
            return 0.0  # the fit may still recover
