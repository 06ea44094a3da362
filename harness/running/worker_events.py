"""The messages that a worker sends to its parent, and the reporter that sends them and keeps the training curve."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import ConfigError
from ...tasks.real_numbers import as_number, as_whole
from ..records.curve import PROBE_TIME, PROBED
from ..records.metric_names import LONGEST_NAME, is_metric_name
from ..records.status import Ending

FIRST_PHASE = "prepare"
"""The phase that every start of a cell begins with, once."""
CURVE_POINTS = 500
"""Training curves are thinned to about this many points."""
REPORT_INTERVAL_S = 0.1
"""Least seconds between two progress messages of one activity."""


@dataclass(frozen=True)
class PhaseStarted:
    """A phase of the cell has begun: prepare, fit or evaluate."""

    phase: str


@dataclass(frozen=True)
class Progressed:
    """A step of some activity within a phase has been done."""

    activity: str
    """The phase's own name, or that of a part of it, such as `expert digits`."""
    step: int
    total: int
    metrics: Mapping[str, float]
    """Values at this step, by name, such as the loss."""
    unit: str = "steps"
    """What `step` and `total` count; empty where they say nothing alone."""


@dataclass(frozen=True)
class Probed:
    """The partial set has been scored during the fit."""

    step: int
    total: int
    moment: int
    """Number of the probe, from 1."""
    hypervolume: float
    """Hypervolume at a few preferences, on the validation split."""
    fit_time_s: float
    """Seconds the fit had taken when it was probed, without those of probing."""


@dataclass(frozen=True)
class Warned:
    """Something has gone wrong that does not keep the cell from its result, such as a damaged entry of a cache."""

    text: str
    """One line."""


@dataclass(frozen=True)
class Queued:
    """An engine has taken the cell, and starts its worker when there is room: what follows runs from its first phase.

    It comes from the engine, and again where the cell is submitted again; a worker never sends it.
    """


@dataclass(frozen=True)
class CellLost:
    """A start of the cell was killed or has vanished, and the engine starts the cell again; `Queued` follows.

    It comes from the engine or from its process around the worker; a worker never sends it.
    """

    reason: str
    """What is known of it, as words about the cell: `its process was ended by signal 9`."""


@dataclass(frozen=True)
class Ended:
    """The cell has ended; this is the last message."""

    ending: Ending


Event = PhaseStarted | Progressed | Probed | Warned | Queued | CellLost
"""A message that the parent passes on to listeners while a cell runs."""
EVENTS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in (PhaseStarted, Progressed, Probed, Warned)}
"""The types of events that workers send, by name."""
Message = Event | Ended


class Reporter:
    """Sends messages to the parent with `send`, and keeps the training curve.

    Threads may report at the same time. A process that is forked from this one, such as that of a data loader, sends
    nothing: two processes cannot share the connection.
    """

    def __init__(self, send: Callable[[Message], object]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._last = 0.0
        self._activity = ""
        self._resumed = False
        self.phase = FIRST_PHASE
        """The phase that is running."""
        self.curve: list[Mapping[str, float]] = []
        """Points of the training curve so far."""
        self.last_step = 0
        """The step of the fit that was reported last; 0 for a fit without steps."""

    def send(self, message: Message) -> None:
        """Send a message to the parent."""
        if os.getpid() == self._process:
            with self._lock:
                self._send(message)

    def start(self, phase: str) -> None:
        """Send the message that a phase begins."""
        self.phase = phase
        self.send(PhaseStarted(phase))

    def go_on_from(self, curve: Sequence[Mapping[str, float]]) -> None:
        """Continue the curve of an earlier attempt; its points from the first step reported now on are dropped."""
        self.curve = list(curve)
        self.last_step = max((int(point["step"]) for point in curve), default=0)
        self._resumed = True

    def probed(self, probe: Probed) -> None:
        """Add a probe of the partial set to the curve, and send it."""
        self.curve.append(curve_point(probe))
        self.send(probe)

    def finished_probed(self, hypervolume: float, fit_time_s: float) -> None:
        """Add the score of the finished set to the curve; it is not sent, since the fit can no longer be stopped."""
        self.curve.append({"step": self.last_step, PROBED: hypervolume, PROBE_TIME: fit_time_s})

    def __call__(self, activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
        """Send progress at most ten times a second, and add to the curve about `CURVE_POINTS` points (a `Progress`).

        Numbers may be those of NumPy, or arrays and tensors of one element.

        Raises:
            ConfigError: a step is no whole number, a value no number, or its name is none that can be recorded.
        """
        step, total = as_whole("the step of progress()", step), as_whole("the total of progress()", total)
        values = {_checked_name(name): as_number(f"progress({name}=...)", value) for name, value in metrics.items()}
        if self.phase == "fit":
            self.last_step = step
        if self.phase == "fit" and values:
            if self._resumed:
                self.curve = [point for point in self.curve if point["step"] < step]
                self._resumed = False
            if step % max(1, total // CURVE_POINTS) == 0 or step == total:
                self.curve.append({"step": step, **values})
        now = time.monotonic()
        if now - self._last >= REPORT_INTERVAL_S or activity != self._activity:
            self._last, self._activity = now, activity
            self.send(Progressed(str(activity), step, total, values, str(unit)))


def _checked_name(name: str) -> str:
    """Return the name of a value of the training curve, which becomes the name of a metric in MLflow."""
    if not is_metric_name(name) or name in (PROBED, PROBE_TIME):
        raise ConfigError(
            f"progress() was to name its values by up to {LONGEST_NAME} letters, digits, spaces and _-./, other than "
            f"{PROBED} and {PROBE_TIME}; found {name[:LONGEST_NAME]!r}"
        )
    return name


def curve_point(probe: Probed) -> dict[str, float]:
    """Return the point that a probe adds to the training curve."""
    return {"step": probe.step, PROBED: probe.hypervolume, PROBE_TIME: probe.fit_time_s}
