"""Find finished cells that a command has computed and could not record, and record them without running them again.

A worker writes to `unrecorded/<key of the cell>` in the store, and a recorded folder is moved away from there. So a
complete folder that nobody holds the cell's lock of was left behind: the database was locked or the disk full for too
long, or the command was killed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ...errors import ClaimedError, StoreError, UnreadableError
from ..cells.cell import Cell
from .attempt import Attempt
from .finished_cell import MANIFEST, MAX_MANIFEST_BYTES, FinishedCell, is_complete
from .json_limits import parse_json, read_limited
from .mlflow_tags import IMPORTED_FROM, PARENT, PREFIX
from .replaced_runs import forget_replaced_runs, replaced_runs
from .status import Status
from .store import UNRECORDED, Store


@dataclass(frozen=True)
class LeftBehind:
    """A finished cell that was left behind and is recorded now."""

    run_id: str
    cell: Cell
    finished: FinishedCell | None
    """What was recorded; None where another machine had recorded the cell, and what was left is dropped."""


def has_left_behind(store: Store) -> bool:
    """Return whether a cell may have been left behind; cells that run at this moment are none."""
    return bool(_left_behind(store))


def forget_left_behind(store: Store, cell: Cell) -> None:
    """Remove what was left behind of a cell that has been settled since; the caller holds the cell's lock."""
    folder = store.unrecorded(cell)
    shutil.rmtree(folder, ignore_errors=True)
    with store.explained():
        forget_replaced_runs(folder)


def settled_unless_replaced(store: Store, cell: Cell) -> Attempt | None:
    """Return the attempt that settles a cell; None also where a result waits that is to replace it.

    So waits one that `--again` has computed. It replaces what had finished before it was begun; what was recorded
    since, by another machine for one, settles the cell. The caller holds the cell's lock.
    """
    done = store.settled(cell)
    if done is None:
        return None
    older = done.status is not Status.FINISHED or done.run_id in replaced_runs(store.unrecorded(cell))
    return None if older and waits_to_be_recorded(store, cell) else done


def waits_to_be_recorded(store: Store, cell: Cell) -> bool:
    """Return whether a result of a cell was computed and not recorded; the caller holds the cell's lock."""
    return is_complete(store.unrecorded(cell)) or any(map(_was_being_recorded, store.attempts(cell)))


def _was_being_recorded(attempt: Attempt) -> bool:
    """Return whether a command was killed while it recorded an attempt: files are moved before the database knows."""
    ours = attempt.status is Status.RUNNING and IMPORTED_FROM not in attempt.tags
    return ours and is_complete(attempt.folder)


def record_left_behind(store: Store, cell: Cell, parent: str | None = None) -> LeftBehind | None:
    """Record what an earlier command has computed of a cell and not recorded; the caller holds the cell's lock.

    Args:
        store: the store.
        cell: a cell that is not settled, see `settled_unless_replaced`.
        parent: id of the MLflow run that requests the cell; that of the last attempt when None.

    Returns:
        What was recorded; None where nothing was left, or it is damaged. What is damaged is moved aside.

    Raises:
        UnreadableError: what was left cannot be read now; it stays where it is.
        StoreError: the store cannot be written.
    """
    attempts = store.attempts(cell)
    folder = store.unrecorded(cell)
    for attempt in attempts:
        if _was_being_recorded(attempt):
            with store.explained():
                shutil.rmtree(folder, ignore_errors=True)
                folder.parent.mkdir(exist_ok=True)
                attempt.folder.replace(folder)
    above = (
        parent
        or store.parent_of(cell)
        or next((found for one in reversed(attempts) if (found := one.tags.get(PARENT))), None)
    )
    if not is_complete(folder):
        return None
    if above is None:
        store.patience.say(
            f"{folder} holds the result of {cell.title}, which nothing in this store has asked for; the command that "
            "made it, run again, records it"
        )
        return None
    try:
        finished = FinishedCell.read(folder, recorded=False)
        if finished.cell.key != cell.key:
            raise StoreError(f"the finished cell in {folder} is {finished.cell.title}, another one than its folder's")
    except UnreadableError:
        raise
    except StoreError as error:
        aside = _moved_aside(store, folder)
        store.patience.say(f"{error}; it is in {aside} now and was not recorded, so {cell.title} has to run again")
        return None
    run_id = store.begin(cell, above)
    recorded = store.record(run_id, finished, folder)
    store.remove_checkpoints(cell)
    return LeftBehind(recorded.run_id, cell, None if recorded.elsewhere else finished)


def _moved_aside(store: Store, folder: Path) -> Path:
    """Rename a damaged folder, since somebody may mend it, and return its new path."""
    taken = (folder.with_name(f"{folder.name}.damaged{number}") for number in ("", *range(2, 1000)))
    aside = next(path for path in taken if not path.exists())
    with store.explained():
        return folder.rename(aside)


def record_all_left_behind(
    store: Store, parent_of: Callable[[Cell], str | None] = lambda _: None
) -> Iterator[LeftBehind]:
    """Record every cell that was left behind and that no process works on; yield what `record_left_behind` returns.

    Those that cannot be read now are named, and left for another time.

    Args:
        store: the store.
        parent_of: returns the id of the MLflow run that has requested a cell; None for that of its last attempt.

    Raises:
        StoreError: the store cannot be written.
    """
    for cell in _left_behind(store):
        try:
            found = record_if_free(store, cell, parent_of(cell))
        except Timeout:
            continue
        except (UnreadableError, ClaimedError) as error:
            store.patience.say(f"the result of {cell.title} is still left out: {error}")
            continue
        if isinstance(found, LeftBehind):
            yield found


def record_if_free(store: Store, cell: Cell, parent: str | None = None) -> LeftBehind | Attempt | None:
    """Record what was left behind of a cell, unless a process or machine works on it.

    Args:
        store: the store.
        cell: the cell.
        parent: see `record_left_behind`.

    Returns:
        What was recorded; the attempt that had settled the cell before, in which case what was left is removed; or
        None where nothing was left, or what was is damaged and was moved aside.

    Raises:
        Timeout: a process or machine works on the cell. UnreadableError, ClaimedError: it cannot be recorded now.
        StoreError: the store cannot be written.
    """
    with store.lock(cell).acquire(timeout=0):
        if (done := settled_unless_replaced(store, cell)) is None:
            return record_left_behind(store, cell, parent)
        forget_left_behind(store, cell)
        return done


def _left_behind(store: Store) -> list[Cell]:
    """Return the cells that may have been left behind; a folder whose cell cannot be read is left as it is."""
    cells = {}
    running = (run for run in store.runs("status", Status.RUNNING) if f"{PREFIX}spec" in run.tags)
    for attempt in map(store.attempt_of, running):
        if is_complete(attempt.folder) or is_complete(store.unrecorded(attempt.cell)):
            cells[attempt.cell.key] = attempt.cell
    for manifest in (store.folder / UNRECORDED).glob(f"*/{MANIFEST}"):
        cell = _cell_of(manifest)
        if cell is not None and cell.key == manifest.parent.name:  # else it was moved aside
            cells[cell.key] = cell
    return list(cells.values())


def _cell_of(manifest: Path) -> Cell | None:
    """Return the cell that a `cell.json` names, None where it names none; the files beside may have gigabytes."""
    try:
        content = parse_json(read_limited(manifest, max_bytes=MAX_MANIFEST_BYTES), MANIFEST)
        return Cell.from_json(content["cell"])
    except (OSError, LookupError, TypeError, ValueError, AttributeError):
        return None
