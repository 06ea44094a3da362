"""What a worker tells its parent while it runs: typed messages, and the training curve that comes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..records.curve import PROBE_TIME, PROBED
from ..records.status import Ending

CURVE_POINTS = 500
"""Training curves are thinned to about this many points."""
REPORT_INTERVAL_S = 0.1


@dataclass(frozen=True)
class PhaseStarted:
    """A phase of the cell begins: prepare, fit or evaluate."""

    phase: str


@dataclass(frozen=True)
class Progressed:
    """A step of some activity within a phase is done."""

    activity: str
    """The phase's own name, or what is done within it, such as `expert digits`."""
    step: int
    total: int
    metrics: Mapping[str, float]
    """Such as the loss."""


@dataclass(frozen=True)
class Probed:
    """The partial set was scored on the way."""

    step: int
    total: int
    moment: int
    """Which look it was, from 1."""
    hypervolume: float
    """On a few preferences of the validation split."""
    fit_time_s: float
    """Seconds of the fit until then, without those of looking."""


@dataclass(frozen=True)
class Ended:
    """The last message: how the cell ended."""

    ending: Ending


Event = PhaseStarted | Progressed | Probed
"""What a parent is told while a cell runs."""
Message = Event | Ended


class Reporter:
    """Sends messages to the parent, by `send`, and keeps the training curve."""

    def __init__(self, send: Callable[[Message], object]) -> None:
        self.send = send
        self._last = 0.0
        self._activity = ""
        self._resumed = False
        self.phase = "prepare"
        self.curve: list[Mapping[str, float]] = []
        self.last_step = 0
        """Step of the fit, as last reported; 0 for a fit without steps."""

    def start(self, phase: str) -> None:
        """Tell that a phase begins."""
        self.phase = phase
        self.send(PhaseStarted(phase))

    def go_on_from(self, curve: Sequence[Mapping[str, float]]) -> None:
        """Take over the curve of an earlier attempt, up to the first step that is reported now."""
        self.curve = list(curve)
        self.last_step = max((int(point["step"]) for point in curve), default=0)
        self._resumed = True

    def probed(self, probe: Probed) -> None:
        """Keep and tell what a look at the partial set has found."""
        self.curve.append(curve_point(probe))
        self.send(probe)

    def finished_probed(self, hypervolume: float, fit_time_s: float) -> None:
        """Keep the score of the finished set; it is no message, since there is no fit left to end."""
        self.curve.append({"step": self.last_step, PROBED: hypervolume, PROBE_TIME: fit_time_s})

    def __call__(self, activity: str, step: int, total: int, **metrics: float) -> None:
        """Forward progress at most ten times a second, and keep every curve point worth keeping (a `Progress`)."""
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
            self.send(Progressed(activity, step, total, metrics))


def curve_point(probe: Probed) -> dict[str, float]:
    """Return the point of a training curve that a look at the partial set makes."""
    return {"step": probe.step, PROBED: probe.hypervolume, PROBE_TIME: probe.fit_time_s}
