"""Settle one cell: find its result in the store, or run it in its own process and record what that gives."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from ...errors import StoreError, UnreadableError
from ...os_errors import because
from ...tasks import SUITES
from ...yaml_file import is_yaml_file
from ..cells.cell import Cell
from ..records.cell_lock import CellLock
from ..records.finished_cell import FinishedCell, is_complete
from ..records.mlflow_tags import SUITE_FILE
from ..records.status import Ending, Status
from ..records.store import Store
from ..records.unrecorded import forget_left_behind, record_left_behind
from .cell_limits import NO_LIMITS, CellLimits
from .cell_request import CellRequest
from .keeper import LOG
from .listener import Listener
from .settled_cell import SettledCell
from .worker_events import Event, Probed, curve_point
from .worker_process import run_in_process


@dataclass(frozen=True)
class Running:
    """How a cell is run."""

    device: str
    """A torch device name."""
    plugins: Sequence[str] = ()
    """Plugins and suite files that the worker loads."""
    probes: int = 0
    """How often the partial set is scored and reported; above 0, the finished set is scored too where the cell is
    evaluated on the test split."""
    again: bool = False
    """Whether to run a cell that is settled, too; the newest result counts."""
    limits: CellLimits = NO_LIMITS
    """What one attempt may take."""
    misfits: Mapping[str, Ending] = field(default_factory=dict)
    """How cells end, by key, that are known not to run, see `find_misfits`; they are recorded without a worker."""


def settle_cell(
    cell: Cell, store: Store, parent: str, *, running: Running, stop: threading.Event, listener: Listener
) -> SettledCell:
    """Return what the store holds of a settled cell, else run the cell and record it.

    A result that an earlier command could not record is recorded, and not computed again. Only one process at a time
    works on a cell. Nothing is scored or drawn here, since this thread serves a device.

    Args:
        cell: the cell to settle.
        store: the store in which it is looked up and recorded.
        parent: id of the MLflow run of the bench or study that requests the cell.
        running: how the cell is run.
        stop: ends the cell as killed once it is set.
        listener: receives the cell's events; where its `reports` raises `StoppedError`, the cell ends as stopped.
    """
    lock = store.lock(cell)
    if not _acquire(lock, cell, stop, listener):
        return SettledCell(cell, Ending(Status.KILLED, "interrupted", resumable=True), run_id="", ran=False)
    try:
        done = None if running.again else store.settled(cell)
        if done is not None:
            store.remove_checkpoints(cell)  # left by an attempt that was killed after it was recorded
            forget_left_behind(store, cell)
            settled = SettledCell(cell, done.ending, done.run_id, ran=False)
        elif not running.again and (left := record_left_behind(store, cell, parent)) is not None:
            settled = SettledCell(cell, Ending(Status.FINISHED), left[0], ran=False, finished=left[1])
        elif (misfit := running.misfits.get(cell.key)) is not None:
            run_id = store.begin(cell, parent)
            store.end(run_id, misfit)
            settled = SettledCell(cell, misfit, run_id, ran=True)
        else:
            listener.begins(cell, running.device)
            settled = _attempt(cell, store, parent, running, stop, listener)
    finally:
        lock.release()
    listener.ends(settled)
    return settled


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
    cell: Cell, store: Store, parent: str, running: Running, stop: threading.Event, listener: Listener
) -> SettledCell:
    """Run the cell, and record how it ended."""
    run_id = store.begin(cell, parent)
    if is_yaml_file(file := SUITES.origin(cell.suite)):
        store.log(run_id, tags={SUITE_FILE: file})
    probes: list[Probed] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Probed):
            probes.append(event)
        listener.reports(cell, event)

    try:
        with store.workplace(cell) as folder:
            request = CellRequest(
                cell=cell,
                device=running.device,
                plugins=tuple(running.plugins),
                scratch=folder,
                worker_lock=store.worker_lock(cell),
                checkpoints=store.checkpoints(cell),
                probes=running.probes,
                limits=running.limits,
            )
            ending = run_in_process(request, on_event=on_event, stop=stop)
            ending, finished = _read(folder, ending)
            if finished is not None:
                store.record(run_id, finished, folder)
            else:
                if ending.status is Status.STOPPED:  # its probes say why it was stopped
                    store.log(run_id, curve=[curve_point(probe) for probe in probes])
                store.record_unfinished(run_id, cell, ending, folder)
    except (StoreError, OSError) as error:
        raise _not_recorded(error, run_id, cell, store) from error
    if not ending.resumable:  # it is recorded, or would fail again from the same checkpoint
        store.remove_checkpoints(cell)
    log = store.files_of(run_id, cell.suite) / LOG
    unread = log if finished is None and log.is_file() and log.stat().st_size else None
    return SettledCell(cell, ending, run_id, ran=True, finished=finished, log=unread)


def _not_recorded(error: StoreError | OSError, run_id: str, cell: Cell, store: Store) -> StoreError:
    """Close the run of a cell that could not be recorded, if that is possible; return the error to raise."""
    why = str(error) if isinstance(error, StoreError) else f"{cell.title} cannot be recorded {because(error)}"
    kept = store.unrecorded(cell)
    if is_complete(kept):
        why = (
            f"{why}; the result of {cell.title} is kept in {kept}, and the same command records it, as does the next "
            "`frontrunner bench`, `run` or `leaderboard` on this store"
        )
    with store.patience.lost(), contextlib.suppress(StoreError):
        store.end(run_id, Ending(Status.FAILED, f"it could not be recorded: {why}"))
    return StoreError(why)


def _read(scratch: Path, ending: Ending) -> tuple[Ending, FinishedCell | None]:
    """Return the ending and the finished cell that the worker wrote; a damaged one is a failure of the cell.

    Raises:
        UnreadableError: the finished cell cannot be read now.
    """
    if ending.status is not Status.FINISHED:
        return ending, None
    try:
        return ending, FinishedCell.read(scratch)
    except UnreadableError:
        raise  # it is kept, since it may be undamaged
    except StoreError as error:
        return Ending(Status.FAILED, f"its report cannot be recorded ({error})"), None
