"""Give out the cells of a bench, those first that no other process is working on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from filelock import Timeout

from ..cells.cell import Cell
from ..records.cell_lock import CellLock
from ..records.store import Store
from .listener import Listener

LOOK_AGAIN_S = 0.5
"""Seconds after which cells that other processes were working on are looked at again."""


@dataclass(frozen=True)
class HeldCell:
    """A cell that only this thread works on."""

    cell: Cell
    lock: CellLock
    """The cell's lock, acquired; whoever is given the cell releases it in the same thread."""


class OpenCells:
    """Cells that are still to be settled; threads take them, and so do those of other commands on the same store.

    Args:
        cells: the cells, in the order in which free ones are given out.
        store: keeps their locks.
        listener: is told, once for a cell, that another process runs it and is waited for.
    """

    def __init__(self, cells: Iterable[Cell], store: Store, listener: Listener) -> None:
        self._open = {cell.key: cell for cell in cells}
        self._store = store
        self._listener = listener
        self._told: set[str] = set()
        self._taking = threading.Lock()

    def take(self, stop: threading.Event) -> HeldCell | None:
        """Return a cell with its lock held; wait while other processes hold those of all that are left.

        Return None where no cell is left, or `stop` is set.
        """
        while not stop.is_set():
            with self._taking:
                if not self._open:
                    return None
                if (held := self._free()) is not None:
                    del self._open[held.cell.key]
                    return held
                waited_for = [cell for key, cell in self._open.items() if key not in self._told]
                self._told.update(cell.key for cell in waited_for)
            for cell in waited_for:
                self._listener.waits(cell)
            stop.wait(LOOK_AGAIN_S)
        return None

    def put_back(self, cell: Cell) -> None:
        """Take a cell back that another machine works on, as was found after it had been given out."""
        with self._taking:
            self._open[cell.key] = cell

    def _free(self) -> HeldCell | None:
        """Return the first cell whose lock can be had."""
        for cell in self._open.values():
            lock = self._store.lock(cell)
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=0)
                return HeldCell(cell, lock)
        return None
