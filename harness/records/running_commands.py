"""Read what commands that run cells of a store say of their progress, in small files beside the store's locks.

A command writes `progress/<host>-<process>.json` and holds the lock beside it. It removes both when it ends; where the
lock is free and the file is there, the command was killed.
"""

from __future__ import annotations

import dataclasses
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .held_lock import is_held
from .json_limits import parse_json, read_limited

FOLDER = "progress"
"""Name of the folder in a store."""
SIGN_OF_LIFE_S = 10.0
"""Seconds after which a command writes its file again though nothing has changed."""
SIGNS_MISSED = 6
"""A command of another machine, whose locks may not be seen here, has ended after so many missing signs of life."""
MAX_BYTES = 10**6


@dataclass(frozen=True)
class RunningCell:
    """A cell whose process runs, or waits in an engine's queue."""

    key: str
    learner: str
    suite: str
    seed: int
    device: str
    started: float
    """When its process started, or where it is queued, when it was submitted: seconds since 1970, as for all times."""
    queued: bool = False
    """Whether an engine has the cell, and its process has not told its first phase yet."""
    phase: str = ""
    """prepare, fit or evaluate; empty before the first."""
    phase_started: float | None = None
    activity: str = ""
    """What the worker reported last within the phase, such as `expert digits`; empty where it has reported nothing."""
    activity_started: float | None = None
    first_step: int = 0
    """The step that the activity was reported at first; a resumed fit begins above 0."""
    step: int = 0
    total: int = 0
    """Steps of the activity; 0 where it has reported none."""
    unit: str = ""

    def activity_left_s(self, now: float) -> float | None:
        """Return the seconds until the activity ends at its pace so far; None where too little of it is done."""
        done = self.step - self.first_step
        if self.activity_started is None or done <= 0 or self.total <= 0:
            return None
        return (now - self.activity_started) / done * max(self.total - self.step, 0)


@dataclass(frozen=True)
class CommandProgress:
    """What a command has done and does."""

    command: str
    """`bench`, `run` or `tune`."""
    name: str
    """The name of the bench or study."""
    process: int
    host: str
    started: float
    updated: float
    n_cells: int
    """Cells that the command was asked for; of a study, trials times seeds, some of which may never start."""
    n_at_once: int
    """The most cells that have run at the same time; what is queued does not run."""
    ended: Mapping[str, int]
    """How many of them have ended, by status; those that were finished before count as well."""
    n_measured: int
    """Cells that this command has run to their end and that finished."""
    measured_s: float
    """Seconds that those have taken together, without what they waited in a queue."""
    running: Sequence[RunningCell]
    """Cells that run, and those that are queued."""
    failures: Sequence[Mapping[str, Any]]
    """The last cells that did not finish: `learner`, `suite`, `seed`, `status` and `reason`."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> CommandProgress:
        """Return the progress that `dataclasses.asdict` described."""
        return cls(**{**content, "running": [RunningCell(**cell) for cell in content["running"]]})

    @property
    def n_ended(self) -> int:
        """How many cells have ended, in any way."""
        return sum(self.ended.values())

    @property
    def n_queued(self) -> int:
        """How many cells wait in an engine's queue."""
        return sum(cell.queued for cell in self.running)

    def left_s(self, now: float | None = None) -> float | None:
        """Return the seconds until all cells have ended, if those to come take as long as those that have finished.

        How long a queue makes cells wait is not known, and not counted. None until a cell has finished, since nothing
        is known of the phases to come, and while one runs for longer than cells have taken and says of no step when it
        will end.
        """
        now = time.time() if now is None else now
        if self.n_measured == 0:
            return None
        mean_s = self.measured_s / self.n_measured
        started = [cell for cell in self.running if not cell.queued]
        of_running = [max(mean_s - (now - cell.started), cell.activity_left_s(now) or 0.0) for cell in started]
        if not all(of_running):
            return None
        waiting = max(self.n_cells - self.n_ended - len(started), 0)
        shared = (sum(of_running) + mean_s * waiting) / max(self.n_at_once, 1)
        return max([shared, *of_running])


@dataclass(frozen=True)
class FoundCommand:
    """A command that runs cells of the store, or that was killed while it did."""

    progress: CommandProgress
    alive: bool


def running_commands(store: Path) -> list[FoundCommand]:
    """Return the commands whose files lie in a store's folder, the oldest first, as far as files can be read."""
    found = []
    for file in (store / FOLDER).glob("*.json"):
        try:
            progress = CommandProgress.from_json(parse_json(read_limited(file, max_bytes=MAX_BYTES), file.name))
            found.append(FoundCommand(progress, _is_alive(progress, file.with_suffix(".lock"))))
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            continue  # removed at this moment, of another version, or damaged
    return sorted(found, key=lambda one: one.progress.started)


def _is_alive(progress: CommandProgress, lock: Path) -> bool:
    if progress.host == platform.node():
        return is_held(lock)
    return time.time() - progress.updated < SIGNS_MISSED * SIGN_OF_LIFE_S


def as_json(command: FoundCommand, now: float) -> dict[str, Any]:
    """Return everything known of a command as JSON values, with the seconds left where they are known."""
    progress = command.progress
    left = {} if (left_s := progress.left_s(now)) is None or not command.alive else {"left_s": round(left_s, 1)}
    cells = []
    for cell in progress.running:
        values = dataclasses.asdict(cell)
        if (left_here := cell.activity_left_s(now)) is not None and command.alive:
            values["activity_left_s"] = round(left_here, 1)
        cells.append({name: value for name, value in values.items() if value not in ("", None)})
    state = "running" if command.alive else "killed"
    return {"state": state, **dataclasses.asdict(progress), "n_ended": progress.n_ended, **left, "running": cells}
