"""Write down how far a command has come, for `frontrunner status` in another terminal."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import platform
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock

from ...one_line import as_one_line
from ...whole_file import replacing
from ..cells.cell import Cell
from ..records.held_lock import is_held
from ..records.running_commands import FOLDER, SIGN_OF_LIFE_S, CommandProgress, RunningCell
from ..records.status import Status
from .listener import ForwardingListener
from .settled_cell import SettledCell
from .worker_events import Event, PhaseStarted, Progressed, Queued

INTERVAL_S = 1.0
"""Least seconds between two writes."""
MOST_FAILURES = 20
MOST_CHARACTERS = 300
"""Characters to which reasons are cut."""


@dataclass(frozen=True)
class ProgressListener(ForwardingListener):
    """A `Listener` that passes all events on, and has a `ProgressFile` tell what they say."""

    file: ProgressFile

    def begins(self, cell: Cell, device: str) -> None:
        """Note that a cell starts, and pass it on."""
        self.file.begins(cell, device)
        super().begins(cell, device)

    def reports(self, cell: Cell, event: Event) -> None:
        """Note a phase or progress, and pass it on."""
        self.file.reports(cell, event)
        super().reports(cell, event)

    def ends(self, settled: SettledCell) -> None:
        """Note how a cell has ended, and pass it on."""
        self.file.ends(settled)
        super().ends(settled)


class ProgressFile:
    """The file in which a command says how far it has come, from entering the context until leaving it.

    A thread of its own writes, so that nothing waits for the disk; a file that cannot be written is no error.

    Args:
        store: the store's folder.
        command: `bench`, `run` or `tune`.
        name: the name of the bench or study.
        n_cells: how many cells the command is asked for.
    """

    def __init__(self, store: Path, *, command: str, name: str, n_cells: int) -> None:
        host, process = platform.node(), os.getpid()
        self._file = store / FOLDER / f"{host}-{process}.json"
        self._lock = FileLock(self._file.with_suffix(".lock"))
        self._guard = threading.Lock()
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="progress", daemon=True)
        self._about = {"command": command, "name": name, "process": process, "host": host}
        self._n_cells, self._started = n_cells, time.time()
        self._ended: Counter[str] = Counter()
        self._measured: list[float] = []
        self._running: dict[str, RunningCell] = {}
        self._n_at_once = 0
        self._failures: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            _remove_stale(self._file.parent)
            self._lock.acquire()
            self._write()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            self._file.with_suffix(".lock").unlink(missing_ok=True)
        self._lock.release()

    def begins(self, cell: Cell, device: str) -> None:
        """Note that a cell starts on a device."""
        with self._guard:
            self._running[cell.key] = RunningCell(
                cell.key, cell.label, cell.suite, cell.seed, device, started=time.time()
            )
            self._count_at_once()
        self._changed.set()

    def reports(self, cell: Cell, event: Event) -> None:
        """Note the phase of a cell, its progress, or that it waits in a queue."""
        now = time.time()
        with self._guard:
            known = self._running.get(cell.key)
            if known is None:
                return
            if known.queued and isinstance(event, (PhaseStarted, Progressed)):
                known = dataclasses.replace(known, queued=False, started=now)
            if isinstance(event, Queued):
                known = RunningCell(cell.key, cell.label, cell.suite, cell.seed, known.device, now, queued=True)
            elif isinstance(event, PhaseStarted):
                begun = RunningCell(cell.key, cell.label, cell.suite, cell.seed, known.device, known.started)
                known = dataclasses.replace(begun, phase=event.phase, phase_started=now)
            elif isinstance(event, Progressed):
                activity = as_one_line(event.activity, MOST_CHARACTERS)
                new = activity != known.activity
                known = dataclasses.replace(
                    known,
                    activity=activity,
                    activity_started=now if new else known.activity_started,
                    first_step=event.step if new else known.first_step,
                    step=event.step,
                    total=event.total,
                    unit=as_one_line(event.unit, MOST_CHARACTERS),
                )
            self._running[cell.key] = known
            self._count_at_once()
        self._changed.set()

    def _count_at_once(self) -> None:
        self._n_at_once = max(self._n_at_once, sum(not cell.queued for cell in self._running.values()))

    def ends(self, settled: SettledCell) -> None:
        """Note how a cell has ended."""
        cell, ending = settled.cell, settled.ending
        with self._guard:
            known = self._running.pop(cell.key, None)
            self._ended[ending.status.value] += 1
            if ending.status is Status.FINISHED and known is not None:
                self._measured += _seconds_of(known, settled)
            if not ending.status.settled:
                reason = as_one_line(ending.reason, MOST_CHARACTERS)
                failure = {"learner": cell.label, "suite": cell.suite, "seed": cell.seed}
                self._failures.append({**failure, "status": ending.status.value, "reason": reason})
                del self._failures[:-MOST_FAILURES]
        self._changed.set()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._changed.wait(SIGN_OF_LIFE_S)
            self._changed.clear()
            if not self._stop.is_set():
                with contextlib.suppress(OSError):
                    self._write()
            self._stop.wait(INTERVAL_S)

    def _write(self) -> None:
        with self._guard:
            progress = CommandProgress(
                **self._about,  # type: ignore[arg-type] # a dictionary has one type of values
                started=self._started,
                updated=time.time(),
                n_cells=self._n_cells,
                n_at_once=self._n_at_once,
                ended=dict(self._ended),
                n_measured=len(self._measured),
                measured_s=sum(self._measured),
                running=list(self._running.values()),
                failures=list(self._failures),
            )
        with replacing(self._file) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(progress)), encoding="utf-8")


def _seconds_of(known: RunningCell, settled: SettledCell) -> list[float]:
    """Return how long a finished cell has taken, as far as that is known.

    The time of its fit and evaluation is recorded by its own process, also where a command before this one has seen it
    start, or its fit went on from a checkpoint.
    """
    costs = {} if settled.finished is None else settled.finished.costs
    seconds = [costs["wall_time_s"]] if "wall_time_s" in costs else []
    if not known.queued:
        seconds.append(time.time() - known.started)
    return [max(seconds)] if seconds else []


def _remove_stale(folder: Path) -> None:
    """Remove the files of commands of this machine that were killed."""
    for file in folder.glob(f"{platform.node()}-*.json*"):
        lock = file.with_name(file.name.partition(".json")[0] + ".lock")
        if not is_held(lock):
            file.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
