"""What a worker tells its parent while it runs, and the training curve that comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

CURVE_POINTS = 500
"""Training curves are thinned to about this many points."""
REPORT_INTERVAL_S = 0.1
PROBED = "probe_hypervolume"
"""On the curve: hypervolume of the set in the making, and of the finished one at the end."""
PROBE_TIME = "probe_fit_time_s"
"""On the curve beside it: seconds of the fit until then, without those of looking."""


class Reporter:
    """Sends events to the parent, by `tell`, and keeps the training curve."""

    def __init__(self, tell: Callable[[dict[str, Any]], object]) -> None:
        self._tell = tell
        self._last = 0.0
        self._activity = ""
        self._resumed = False
        self.phase = "prepare"
        self.curve: list[Mapping[str, float]] = []
        self.last_step = 0
        """Of the fit, as last reported; 0 for a fit without steps."""

    def send(self, **event: Any) -> None:
        """One event, now."""
        self._tell(event)

    def start(self, phase: str) -> None:
        """A phase begins."""
        self.phase = phase
        self.send(event="phase", phase=phase)

    def go_on_from(self, curve: Sequence[Mapping[str, float]]) -> None:
        """Take over the curve of an earlier attempt, up to the first step that is reported now."""
        self.curve = list(curve)
        self.last_step = max((int(point["step"]) for point in curve), default=0)
        self._resumed = True

    def probed(self, step: int, total: int, moment: int, hypervolume: float, fit_time_s: float) -> None:
        """The set in the making was scored for the `moment`-th time, after `step` of `total` steps."""
        self.curve.append({"step": step, PROBED: hypervolume, PROBE_TIME: fit_time_s})
        self.send(event="probe", step=step, total=total, moment=moment, hypervolume=hypervolume, fit_time_s=fit_time_s)

    def finished_probed(self, hypervolume: float, fit_time_s: float) -> None:
        """The finished set was scored; it is no event, since there is no fit left to end."""
        self.curve.append({"step": self.last_step, PROBED: hypervolume, PROBE_TIME: fit_time_s})

    def __call__(self, activity: str, step: int, total: int, **metrics: float) -> None:
        """A `Progress`: forwards at most ten times a second, keeps every curve point it should."""
        if self.phase == "fit":
            self.last_step = step
        if self.phase == "fit" and metrics:
            if self._resumed:
                self.curve = [point for point in self.curve if point["step"] < step]
                self._resumed = False
            if step % max(1, total // CURVE_POINTS) == 0 or step == total:
                self.curve.append({"step": step, **metrics})
        now = time.monotonic()
        if now - self._last >= REPORT_INTERVAL_S or activity != self._activity:
            self._last, self._activity = now, activity
            self.send(event="progress", activity=activity, step=step, total=total, metrics=metrics)
