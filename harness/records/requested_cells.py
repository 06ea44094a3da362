"""Find the cells that benches have requested, and why some of them have no result."""

from __future__ import annotations

from collections.abc import Sequence

from ..cells.cell import Cell
from .attempt import Attempt
from .status import Status
from .store import Store
from .store_reader import StoreReader


def requested_cells(store: Store, attempts: Sequence[Attempt]) -> list[Cell]:
    """Return every cell that some bench has requested; where its list is lost, every cell that was attempted.

    A cell that was forgotten is left out unless it was attempted since.
    """
    forgotten = set(store.forgotten().values())
    cells = {cell.key: cell for cell in store.expected_cells() if cell.key not in forgotten}
    for attempt in attempts:
        cells.setdefault(attempt.cell.key, attempt.cell)
    return list(cells.values())


def why_unfinished(store: StoreReader, attempt: Attempt | None) -> str:
    """Return `status: reason` for a cell without a result, given the last attempt at it, or None without one.

    An attempt that is recorded as running and whose process is gone, as after `kill -9`, was killed.
    """
    if attempt is None:
        return "missing: not run yet"
    if attempt.status is Status.FINISHED:
        return "damaged: its recorded front cannot be read; the same bench runs it again"
    if attempt.status is Status.RUNNING and not store.is_running(attempt):
        return f"{Status.KILLED}: the process that ran it is gone; the same command runs it again"
    return f"{attempt.status}: {attempt.reason}" if attempt.reason else attempt.status
