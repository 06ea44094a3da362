"""Find finished cells that a command has computed and could not record, and record them without running them again.

A worker writes to `unrecorded/<key of the cell>` in the store, and a recorded folder is moved away from there. So a
complete folder that nobody holds the cell's lock of was left behind: the database was locked or the disk full for too
long, or the command was killed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from filelock import Timeout

from ...errors import StoreError
from ..cells.cell import Cell
from .finished_cell import MANIFEST, FinishedCell, is_complete
from .mlflow_tags import IMPORTED_FROM, PREFIX
from .status import Status
from .store import UNRECORDED, Store


def has_left_behind(store: Store) -> bool:
    """Return whether a cell may have been left behind; cells that run at this moment are none."""
    return bool(_left_behind(store))


def forget_left_behind(store: Store, cell: Cell) -> None:
    """Remove what was left behind of a cell that has been settled since; the caller holds the cell's lock."""
    shutil.rmtree(store.folder / UNRECORDED / cell.key, ignore_errors=True)


def record_left_behind(store: Store, cell: Cell, parent: str | None = None) -> tuple[str, FinishedCell] | None:
    """Record what an earlier command has computed of a cell and not recorded; the caller holds the cell's lock.

    Args:
        store: the store.
        cell: a cell that is not settled.
        parent: id of the MLflow run that requests the cell; that of the last attempt when None.

    Returns:
        The id of the new run, and the finished cell; None where nothing was left, or nothing that can be read.

    Raises:
        StoreError: the store cannot be written.
    """
    attempts = store.attempts(cell)
    folder = store.folder / UNRECORDED / cell.key
    for attempt in attempts:
        # The command was killed while it recorded the cell: files are moved before the database is written.
        ours = attempt.status is Status.RUNNING and IMPORTED_FROM not in attempt.tags
        if ours and is_complete(attempt.folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(exist_ok=True)
            attempt.folder.replace(folder)
    above = parent or next((found for one in attempts if (found := one.tags.get("mlflow.parentRunId"))), None)
    if not is_complete(folder) or above is None:
        return None
    try:
        finished = FinishedCell.read(folder)
        if finished.cell.key != cell.key:
            raise StoreError(f"the finished cell in {folder} is {finished.cell.title}, another one than its folder's")
    except StoreError as error:
        store.patience.say(f"{error}; it was not recorded yet, so {cell.title} has to run again")
        shutil.rmtree(folder, ignore_errors=True)
        return None
    run_id = store.begin(cell, above)
    store.record(run_id, finished, folder)
    store.remove_checkpoints(cell)
    return run_id, finished


def record_all_left_behind(store: Store) -> Iterator[tuple[str, FinishedCell]]:
    """Record every cell that was left behind and that no process works on; yield what `record_left_behind` returns.

    Raises:
        StoreError: the store cannot be written.
    """
    for cell in _left_behind(store):
        with contextlib.suppress(Timeout), store.lock(cell).acquire(timeout=0):
            if store.settled(cell) is not None:
                forget_left_behind(store, cell)
            elif (recorded := record_left_behind(store, cell)) is not None:
                yield recorded


def _left_behind(store: Store) -> list[Cell]:
    """Return the cells that may have been left behind; a folder whose cell cannot be read is left as it is."""
    cells = {}
    running = (run for run in store.runs("status", Status.RUNNING) if f"{PREFIX}spec" in run.tags)
    for attempt in map(store.attempt_of, running):
        if is_complete(attempt.folder) or is_complete(store.folder / UNRECORDED / attempt.cell.key):
            cells[attempt.cell.key] = attempt.cell
    for folder in (store.folder / UNRECORDED).glob(f"*/{MANIFEST}"):
        with contextlib.suppress(StoreError):
            cell = FinishedCell.read(folder.parent).cell
            cells[cell.key] = cell
    return list(cells.values())
