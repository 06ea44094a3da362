"""Settle one cell: find its result in the store, or run it in its own process and record what that gives."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from ...errors import ClaimedError, ServerAwayError, StoreError, UnreadableError
from ...tasks import SUITES
from ...tasks.cache_folder import because_in
from ...yaml_file import is_yaml_file
from ..cells.cell import Cell
from ..records.cell_lock import CellLock
from ..records.finished_cell import FinishedCell, is_complete
from ..records.mlflow_tags import SUITE_FILE
from ..records.run_files import LOG
from ..records.spare_room import SpareRoom
from ..records.status import Ending, Status
from ..records.store import Store
from ..records.unrecorded import (
    forget_left_behind,
    record_left_behind,
    settled_unless_replaced,
    waits_to_be_recorded,
)
from .cell_limits import NO_LIMITS, CellLimits
from .cell_request import CellRequest
from .executors.executor import Executor
from .job_folder import JOBS, JobFolder, take_over
from .listener import Listener
from .open_cells import HeldCell
from .resumable_fit import has_checkpoint
from .settled_cell import SettledCell
from .worker_events import Event, Probed, curve_point

WRITERS = 4
"""Places that write to the store at the same time; SQLite lets one at a time, and MLflow has as few connections."""


@dataclass(frozen=True)
class Running:
    """How the cells of a bench or study are run."""

    executor: Executor
    """What runs them."""
    plugins: Sequence[str] = ()
    """Plugins and suite files that the worker loads."""
    probes: int = 0
    """How often the partial set is scored and reported; above 0, the finished set is scored too where the cell is
    evaluated on the test split."""
    again: bool = False
    """Whether to run a cell that is settled, too; the newest result counts. A result that waits is recorded."""
    limits: CellLimits = NO_LIMITS
    """What one attempt may take."""
    misfits: Mapping[str, Ending] = field(default_factory=dict)
    """How cells end, by key, that are known not to run, see `find_misfits`; they are recorded without a worker."""
    writers: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(WRITERS))
    """Held to write to the store."""


def settle_cell(
    cell: Cell, store: Store, parent: str, *, place: str, running: Running, stop: threading.Event, listener: Listener
) -> SettledCell:
    """Return what the store holds of a settled cell, else run the cell and record it.

    Only one process at a time works on a cell: where another one does, wait until it has ended. The arguments are those
    of `settle_held`.
    """
    while True:
        lock = store.lock(cell)
        if not _acquire(lock, cell, stop, listener):
            return SettledCell(cell, Ending(Status.KILLED, "interrupted", resumable=True), run_id="", ran=False)
        held = HeldCell(cell, lock)
        with contextlib.suppress(ClaimedError):  # then it is waited for
            return settle_held(held, store, parent, place=place, running=running, stop=stop, listener=listener)


def settle_held(
    held: HeldCell,
    store: Store,
    parent: str,
    *,
    place: str,
    running: Running,
    stop: threading.Event,
    listener: Listener,
) -> SettledCell:
    """Settle a cell whose lock is held, and release the lock.

    A result that an earlier command could not record is recorded, and not computed again. Nothing is scored or drawn
    here, since this thread serves a device.

    Args:
        held: the cell to settle.
        store: the store in which it is looked up and recorded.
        parent: id of the MLflow run of the bench or study that requests the cell.
        place: where the cell runs, one of those that the executor has named.
        running: how the cell is run.
        stop: ends the cell as killed once it is set.
        listener: receives the cell's events; where its `reports` raises `StoppedError`, the cell ends as stopped.

    Raises:
        ClaimedError: another machine was faster; the cell is to be settled once that has ended.
    """
    cell = held.cell
    try:
        _take_over(cell, store, running, stop)
        settled = _found(cell, store, parent, running)
        if settled is None:
            settled = _attempt(cell, store, parent, place, running, stop, listener)
    finally:
        held.lock.release()
    listener.ends(settled)
    return settled


def _take_over(cell: Cell, store: Store, running: Running, stop: threading.Event) -> None:
    """Take over what a job of an earlier command has left of the cell, and let none go on that is not wanted."""
    wait = not running.executor.outlives
    if wait or not running.again:
        take_over(JobFolder(store.folder / JOBS / cell.key), store.unrecorded(cell), stop, wait=wait)


def _found(cell: Cell, store: Store, parent: str, running: Running) -> SettledCell | None:
    """Return a cell that need not run: it is settled, was left behind, or is known not to fit; else None."""
    record_left = not running.again or _waits(cell, store)
    if record_left and (done := settled_unless_replaced(store, cell)) is not None:
        forget_left_behind(store, cell)
        record_left = False
        if not running.again:
            store.remove_checkpoints(cell)  # left by an attempt that was killed after it was recorded
            return SettledCell(cell, done.ending, done.run_id, ran=False)
    with running.writers:
        left = None
        try:
            left = record_left_behind(store, cell, parent) if record_left else None
        except ServerAwayError as error:
            if (waiting := _waiting(cell, store, error)) is not None:
                return waiting
        if left is not None:
            return SettledCell(cell, Ending(Status.FINISHED), left.run_id, ran=False, finished=left.finished)
        if (misfit := running.misfits.get(cell.key)) is not None:
            run_id = store.begin(cell, parent)
            with contextlib.suppress(ServerAwayError):  # it is found again at once
                store.end(run_id, misfit)
            return SettledCell(cell, misfit, run_id, ran=True)
    return None


def _waits(cell: Cell, store: Store) -> bool:
    """Return whether a result of a cell waits to be recorded, as far as an absent server lets that be known."""
    try:
        return waits_to_be_recorded(store, cell)
    except ServerAwayError:
        return False


def _acquire(lock: CellLock, cell: Cell, stop: threading.Event, listener: Listener) -> bool:
    """Acquire the cell's lock, waiting while another process holds it; return False where `stop` was set first."""
    with contextlib.suppress(Timeout):
        lock.acquire(timeout=0)
    if not lock.is_locked:
        listener.waits(cell)
    while not lock.is_locked:
        if stop.is_set():
            return False
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0.5)
    return True


def _attempt(
    cell: Cell,
    store: Store,
    parent: str,
    place: str,
    running: Running,
    stop: threading.Event,
    listener: Listener,
) -> SettledCell:
    """Run the cell in a place, and record how it ended."""
    with running.writers:
        run_id = _opened(cell, store, parent)
    listener.begins(cell, place)
    probes: list[Probed] = []
    elsewhere = False

    def on_event(event: Event) -> None:
        if isinstance(event, Probed):
            probes.append(event)
        listener.reports(cell, event)

    with store.spare_room(cell) as room:
        try:
            with store.workplace(cell) as folder:
                request = CellRequest(
                    cell=cell,
                    device=place,
                    plugins=tuple(running.plugins),
                    scratch=folder,
                    worker_lock=store.worker_lock(cell),
                    checkpoints=store.checkpoints(cell),
                    probes=running.probes,
                    limits=running.limits,
                )
                ending = running.executor.run(request, on_event=on_event, stop=stop)
                ending, finished = _read(folder, ending)
                with running.writers:
                    if finished is not None:
                        recorded = store.record(run_id, finished, folder)
                        run_id, elsewhere = recorded.run_id, recorded.elsewhere
                    else:
                        if ending.status is Status.STOPPED:  # its probes say why it was stopped
                            store.log(run_id, curve=[curve_point(probe) for probe in probes])
                        store.record_unfinished(run_id, cell, ending, folder)
        except (ServerAwayError, ClaimedError) as error:
            return _waiting(cell, store, error) or SettledCell(cell, ending, run_id="", ran=True)
        except (StoreError, OSError) as error:
            raise _not_recorded(error, run_id, cell, store, room) from error
    if not ending.resumable:  # it is recorded, or would fail again from the same checkpoint
        store.remove_checkpoints(cell)
    if elsewhere:
        return SettledCell(cell, ending, run_id, ran=False)
    log = store.files_of(run_id, cell.suite) / LOG
    unread = log if finished is None and log.is_file() and log.stat().st_size else None
    return SettledCell(cell, ending, run_id, ran=True, finished=finished, log=unread)


def _opened(cell: Cell, store: Store, parent: str) -> str:
    """Open a run for an attempt at the cell, and return its id."""
    run_id = store.begin(cell, parent)
    if is_yaml_file(file := SUITES.origin(cell.suite)):
        with contextlib.suppress(ServerAwayError):  # it is for people to read
            store.log(run_id, tags={SUITE_FILE: file})
    return run_id


def _waiting(cell: Cell, store: Store, error: StoreError) -> SettledCell | None:
    """Return a cell whose result waits on this machine, where it can be recorded another time; None without a result.

    Args:
        cell: the cell.
        store: the store.
        error: why the result cannot be recorded now.
    """
    if not is_complete(store.unrecorded(cell)):
        return None
    reason = f"{error}; the result is kept in {store.unrecorded(cell)}"
    return SettledCell(cell, Ending(Status.UNRECORDED, reason), run_id="", ran=True)


def _not_recorded(error: StoreError | OSError, run_id: str, cell: Cell, store: Store, room: SpareRoom) -> StoreError:
    """Close the run of a cell that could not be recorded, if that is possible; return the error to raise."""
    why = str(error)
    if isinstance(error, OSError):
        why = f"{cell.title} cannot be recorded in {store} {because_in(store.folder, error)}"
    kept = store.unrecorded(cell)
    if is_complete(kept):
        told = (
            f"the result of {cell.title} is kept in {kept}, and the next `frontrunner bench`, `run` or `leaderboard` "
            "on this store records it"
        )
    else:
        begun = has_checkpoint(store.checkpoints(cell))
        goes_on = ", its fit from the last checkpoint" if begun else ""
        told = f"no result of {cell.title} is kept, so it runs again the next time{goes_on}"
    room.free()  # a full disk takes the reason then
    with store.patience.lost(), contextlib.suppress(StoreError):
        store.end(run_id, Ending(Status.FAILED, f"it could not be recorded: {why}; {told}"))
    return StoreError(f"{why}; {told}")


def _read(scratch: Path, ending: Ending) -> tuple[Ending, FinishedCell | None]:
    """Return the ending and the finished cell that the worker wrote; a damaged one is a failure of the cell.

    The folder tells: a worker that was ended after it had written all of it has finished.

    Raises:
        UnreadableError: the finished cell cannot be read now.
    """
    if ending.status is not Status.FINISHED and (ending.status is Status.STOPPED or not is_complete(scratch)):
        return ending, None
    try:
        return Ending(Status.FINISHED), FinishedCell.read(scratch, recorded=False)
    except UnreadableError:
        raise  # it is kept, since it may be undamaged
    except StoreError as error:
        damaged = Ending(Status.FAILED, f"its report cannot be recorded ({error})")
        return damaged if ending.status is Status.FINISHED else ending, None
