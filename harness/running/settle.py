"""Settle one cell: find it done, or attempt it in a process of its own and hand its folder to the store."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from ...errors import StoreError
from ..cells.cell import Cell
from ..records.finished_cell import FinishedCell
from ..records.status import Ending, Status
from ..records.store import Store
from .worker_events import Event, Probed, curve_point
from .worker_process import run_in_process


@dataclass(frozen=True)
class SettledCell:
    """What became of one cell."""

    cell: Cell
    ending: Ending
    run_id: str
    """Empty where it was interrupted before a run was opened."""
    ran: bool
    """False where an earlier command had settled it."""
    finished: FinishedCell | None = dataclasses.field(default=None, compare=False, repr=False)
    """What was measured, where it ran and finished just now; it is in the store as well."""


class Listener(Protocol):
    """Is told how cells go; called from the threads that run them."""

    def begins(self, cell: Cell, device: str) -> None:
        """A cell's process is about to start."""

    def waits(self, cell: Cell) -> None:
        """Another process runs this very cell; its result is waited for."""

    def reports(self, cell: Cell, event: Event) -> None:
        """A phase, progress or probe event of the cell's process."""

    def ends(self, settled: SettledCell) -> None:
        """A cell has ended, or was settled before."""


def settle_cell(
    cell: Cell,
    store: Store,
    parent: str,
    *,
    device: str,
    plugins: Sequence[str],
    stop: threading.Event,
    listener: Listener,
    probes: int = 0,
) -> SettledCell:
    """Return what the store holds of a settled cell, else attempt it; one process at a time works on a cell.

    Nothing is scored or drawn here: this thread serves a device.

    Args:
        cell: what to run.
        store: where it is looked up and recorded.
        parent: run id of the bench or study that asks for it.
        device: a torch device name.
        plugins: files that the worker loads.
        stop: ends it as killed.
        listener: is told how it goes; where its `reports` raises `StoppedError`, the cell ends as stopped.
        probes: how often the partial set is scored and reported; above 0 the finished one is scored too, where the
            cell is of the test split.
    """
    lock = store.lock(cell)
    if not _acquire(lock, cell, stop, listener):
        return SettledCell(cell, Ending(Status.KILLED, "interrupted", resumable=True), run_id="", ran=False)
    try:
        done = store.settled(cell)
        if done is not None:
            store.remove_checkpoints(cell)  # of an attempt that was killed between its record and this
            settled = SettledCell(cell, Ending(done.status, done.reason), done.run_id, ran=False)
        else:
            listener.begins(cell, device)
            run = functools.partial(run_in_process, device=device, plugins=plugins, stop=stop, probes=probes)
            settled = _attempt(cell, store, parent, run, listener)
    finally:
        lock.release()
    listener.ends(settled)
    return settled


def _acquire(lock: FileLock, cell: Cell, stop: threading.Event, listener: Listener) -> bool:
    """Take the cell's lock, waiting for whoever holds it; False where `stop` came first."""
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


def _attempt(cell: Cell, store: Store, parent: str, run: Callable[..., Ending], listener: Listener) -> SettledCell:
    run_id = store.begin(cell, parent)
    probes: list[Probed] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Probed):
            probes.append(event)
        listener.reports(cell, event)

    try:
        with store.scratch(cell) as scratch:
            ending = run(cell, scratch=scratch, checkpoints=store.checkpoints(cell), on_event=on_event)
            ending, finished = _read(scratch, ending)
            if finished is not None:
                store.record(run_id, finished, scratch)
            else:
                if ending.status is Status.STOPPED:  # what it had reached says why
                    store.log(run_id, curve=[curve_point(probe) for probe in probes])
                store.record_unfinished(run_id, cell, ending, scratch)
    except (StoreError, OSError) as error:  # a full disk, say: closed as well as can be, on the way out
        with contextlib.suppress(StoreError):
            store.end(run_id, Ending(Status.FAILED, f"it could not be recorded: {error}"))
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"the result of {cell.title} cannot be written ({error}); free some space") from error
    if not ending.resumable:  # recorded, or certain to fail again from the same place
        store.remove_checkpoints(cell)
    return SettledCell(cell, ending, run_id, ran=True, finished=finished)


def _read(scratch: Path, ending: Ending) -> tuple[Ending, FinishedCell | None]:
    """Return what the worker left; one that is not usable is the learner's failure, not the bench's."""
    if ending.status is not Status.FINISHED:
        return ending, None
    try:
        return ending, FinishedCell.read(scratch)
    except StoreError as error:
        return Ending(Status.FAILED, f"its report cannot be recorded ({error})"), None
