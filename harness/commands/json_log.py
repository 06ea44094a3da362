"""Progress for programs: one JSON object a line on standard error, in the place of bars and lines for people.

Every event and its fields are in docs/benches.md. Whatever else this process prints to standard error within
`logged_as_json` becomes an event `note`, so that every line is JSON.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import io
import json
import math
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self, TextIO

import typer

from ...errors import FrontrunnerError
from ...one_line import as_one_line
from ..cells.cell import Cell
from ..running.cell_times import CellTimes
from ..running.settled_cell import SettledCell
from ..running.worker_events import CellLost, Event, PhaseStarted, Probed, Progressed, Queued, Warned
from .kept_traceback import with_traceback


class JsonLog:
    """Writes events to a stream, whole lines at a time; threads may write at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, event: str, **fields: Any) -> None:
        """Write one event; numbers that JSON does not have are null."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **_finite(fields)}, default=str, allow_nan=False)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


class JsonListener:
    """A `Listener` that writes all events of cells; a context manager, as `Display` is."""

    def __init__(self, log: JsonLog, *, name: str, n_cells: int) -> None:
        self.log = log
        self._about = {"name": name, "cells": n_cells}
        self._times = CellTimes()
        self._reached: dict[str, dict[str, Any]] = {}
        """The phase and the step of every cell that were heard of last, by the cell's key."""

    def __enter__(self) -> Self:
        self.log.write("cells", **self._about)
        return self

    def __exit__(self, *_: object) -> None:
        """Write nothing: the command's end is written when all is closed."""

    def begins(self, cell: Cell, device: str) -> None:
        """Write that a cell's process starts."""
        self._times.begins(cell)
        self.log.write("cell_started", **_named(cell), device=device)

    def waits(self, cell: Cell) -> None:
        """Write that another process runs the cell."""
        self.log.write("cell_waiting", **_named(cell))

    def reports(self, cell: Cell, event: Event) -> None:
        """Write what the cell's worker reports."""
        self._times.reports(cell, event)
        if isinstance(event, Queued):
            self.log.write("cell_queued", cell=cell.key)
        elif isinstance(event, CellLost):
            self.log.write("cell_lost", cell=cell.key, reason=event.reason, **self._reached.pop(cell.key, {}))
        elif isinstance(event, PhaseStarted):
            self._reached[cell.key] = {"phase": event.phase}
            self.log.write("phase", cell=cell.key, phase=event.phase)
        elif isinstance(event, Progressed):
            fields = {"activity": event.activity, "step": event.step, "total": event.total, "unit": event.unit}
            self._reached.setdefault(cell.key, {}).update(fields)
            self.log.write("progress", cell=cell.key, **fields, metrics=dict(event.metrics))
        elif isinstance(event, Probed):
            self.log.write("probe", cell=cell.key, **vars(event))
        elif isinstance(event, Warned):
            self.log.write("warning", cell=cell.key, text=event.text)

    def ends(self, settled: SettledCell) -> None:
        """Write how a cell has ended."""
        took_s = self._times.ends(settled.cell)
        self._reached.pop(settled.cell.key, None)
        self.log.write(
            "cell_ended",
            **_named(settled.cell),
            status=settled.ending.status.value,
            reason=settled.ending.reason,
            run_id=settled.run_id,
            ran=settled.ran,
            **({} if took_s is None else {"seconds": round(took_s, 3)}),
            **({} if settled.log is None else {"log": str(settled.log)}),
        )


@contextlib.contextmanager
def logged_as_json(command: str) -> Iterator[JsonLog]:
    """Write the beginning and the end of a command, and whatever is printed to standard error meanwhile, as JSON.

    An error is written with the end and becomes the exit status 1.
    """
    log = JsonLog(sys.stderr)
    version = importlib.metadata.version("frontrunner")
    log.write("command_started", command=command, version=version, process=os.getpid(), host=platform.node())
    started, error, status = time.monotonic(), "", 1
    try:
        notes = _Notes(log)
        try:
            with contextlib.redirect_stderr(notes):
                yield log
        finally:
            notes.finish()
        status = 0
    except FrontrunnerError as failure:
        error = as_one_line(with_traceback(str(failure), failure))
    except KeyboardInterrupt:
        error = "interrupted"
    except BaseException as failure:
        error = as_one_line(f"{type(failure).__name__}: {failure}")
        raise
    finally:
        log.write("command_ended", status=status, error=error, seconds=round(time.monotonic() - started, 3))
    if status:
        raise typer.Exit(status)


class _Notes(io.TextIOBase):
    """Stands for standard error, and writes every whole line as an event."""

    def __init__(self, log: JsonLog) -> None:
        self._log = log
        self._begun = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def finish(self) -> None:
        """Write the last line, which may have no end; not `close`, since handlers of logging may have kept this."""
        if self._begun:
            self.write("\n")

    def write(self, text: str, /) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            self._log.write("note", text=as_one_line(line.removeprefix("note: ")))
        return len(text)


def _named(cell: Cell) -> dict[str, Any]:
    return {
        "cell": cell.key,
        "learner": cell.label,
        "method": cell.method,
        "suite": cell.suite,
        "seed": cell.seed,
        "split": cell.split,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
