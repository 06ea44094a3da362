"""Measure how long cells have run, without the time that an engine's queue makes them wait."""

from __future__ import annotations

import time

from ..cells.cell import Cell
from .worker_events import Event, PhaseStarted, Probed, Progressed, Queued


class CellTimes:
    """When the cells of a command have started: with their process, or behind a queue with what it tells first."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._queued: set[str] = set()

    def begins(self, cell: Cell) -> None:
        """Note that a cell's process is about to start."""
        self._queued.discard(cell.key)
        self._started[cell.key] = time.monotonic()

    def reports(self, cell: Cell, event: Event) -> None:
        """Note that a cell waits in a queue, or that it has left it."""
        if isinstance(event, Queued):
            self._started.pop(cell.key, None)
            self._queued.add(cell.key)
        elif isinstance(event, (PhaseStarted, Progressed, Probed)) and cell.key in self._queued:
            self.begins(cell)

    def ends(self, cell: Cell) -> float | None:
        """Return the seconds that a cell has run, which has ended now; None for one that had not started."""
        self._queued.discard(cell.key)
        started = self._started.pop(cell.key, None)
        return None if started is None else time.monotonic() - started
