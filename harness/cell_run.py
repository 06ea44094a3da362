"""Runs one cell: settled before, or attempted under its lock in a process of its own, and recorded."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import Timeout

from ..errors import StoreError
from ..file_digest import digest_files
from .board.scores import HYPERVOLUME_ERROR, own_scores, reference_scores
from .cell import Cell
from .cell_process import Ending, run_in_process
from .front_record import FrontRecord
from .pictures.coefficients_png import coefficients_png
from .pictures.front_png import front_png
from .reporter import PROBE_TIME, PROBED
from .routing import RoutingRecord
from .run_note import asked, finished_note, unfinished_note
from .run_tags import NOTE, PREFIX
from .store import Store


@dataclass(frozen=True)
class Outcome:
    """What became of one cell."""

    cell: Cell
    ending: Ending
    run_id: str
    ran: bool
    """False where an earlier command had settled it."""


class Listener(Protocol):
    """Is told how cells go; called from the threads that run them."""

    def begins(self, cell: Cell, device: str) -> None:
        """A cell's process is about to start."""

    def waits(self, cell: Cell) -> None:
        """Another process runs this very cell; its result is waited for."""

    def reports(self, cell: Cell, event: Mapping[str, Any]) -> None:
        """A phase, progress or probe event of the cell's process."""

    def ends(self, outcome: Outcome) -> None:
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
) -> Outcome:
    """What the store holds of a settled cell, else an attempt at it; one process at a time works on a cell.

    Args:
        cell: what to run.
        store: where it is looked up and recorded.
        parent: run id of the bench or study that asks for it.
        device: a torch device name.
        plugins: files that the worker loads.
        stop: ends it as killed.
        listener: is told how it goes; where its `reports` raises `StoppedError`, the cell ends as stopped.
        probes: how often the set in the making is scored and reported; above 0 the finished one is scored too, where
            the cell is of the test split.
    """
    lock = store.lock(cell)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        listener.waits(cell)
        while not lock.is_locked:
            if stop.is_set():
                return Outcome(cell, Ending("killed", "interrupted", True), run_id="", ran=False)
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=0.5)
    try:
        done = store.settled(cell)
        if done is not None:
            store.remove_checkpoints(cell)  # of an attempt that was killed between its record and this
            outcome = Outcome(cell, Ending(done.status, done.reason), done.run_id, ran=False)
        else:
            listener.begins(cell, device)
            run = functools.partial(run_in_process, device=device, plugins=plugins, stop=stop, probes=probes)
            outcome = _attempt(cell, store, parent, run, listener)
    finally:
        lock.release()
    listener.ends(outcome)
    return outcome


def _attempt(cell: Cell, store: Store, parent: str, run: Callable[..., Ending], listener: Listener) -> Outcome:
    run_id = store.start(cell, parent)
    probed: list[Mapping[str, float]] = []

    def on_event(event: Mapping[str, Any]) -> None:
        if event["event"] == "probe":
            probed.append({"step": event["step"], PROBED: event["hypervolume"], PROBE_TIME: event["fit_time_s"]})
        listener.reports(cell, event)

    try:
        store.log(run_id, params=asked(cell))
        with store.scratch(cell) as scratch:
            ending = run(cell, scratch=scratch, checkpoints=store.checkpoints(cell), on_event=on_event)
            if ending.status == "finished":
                try:
                    _record(store, run_id, cell, scratch)
                except (StoreError, OSError):
                    raise
                except Exception as error:  # what the learner reported cannot be used: its failure, not the bench's
                    ending = Ending("failed", f"its report cannot be recorded ({type(error).__name__}: {error})")
            if ending.status != "finished":
                curve = probed if ending.status == "stopped" else []
                store.log(run_id, curve=curve, tags={NOTE: unfinished_note(cell, ending.status, ending.reason)})
            store.add_artifacts(run_id, scratch)
    except (StoreError, OSError) as error:  # a full disk, say: closed as well as can be, on the way out
        with contextlib.suppress(StoreError):
            store.end(run_id, "failed", f"it could not be recorded: {error}")
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"the result of {cell.title} cannot be written ({error}); free some space") from error
    store.end(run_id, ending.status, ending.reason)
    if not ending.resumable:  # recorded, or certain to fail again from the same place
        store.remove_checkpoints(cell)
    return Outcome(cell, ending, run_id, ran=True)


def _record(store: Store, run_id: str, cell: Cell, scratch: Path) -> None:
    """Log what the worker measured, and draw the front and how it was merged beside it."""
    metrics = json.loads((scratch / "metrics.json").read_text())
    curve = json.loads((scratch / "curve.json").read_text())
    resolved = json.loads((scratch / "config.json").read_text())["resolved"]
    record = FrontRecord.read(scratch / "front.parquet")
    truth = record.true_front()
    scores = own_scores(record) | ({} if truth is None else reference_scores(record.front(), truth))
    lowest = record.front().objectives.min(axis=0)
    store.log(
        run_id,
        params={name: value for name, value in resolved.items() if name not in asked(cell)},
        metrics={
            **scores,  # MLflow lists and compares what was logged first
            **{name: value for name, value in metrics.items() if name not in scores},
            **{f"min_error_{task}": value for task, value in zip(cell.tasks, lowest, strict=True)},
        },
        curve=curve,
        tags={
            NOTE: finished_note(cell, run_id, {**metrics, **scores}),
            f"{PREFIX}hypervolume_exact": str(HYPERVOLUME_ERROR not in scores),
            **({} if truth is None else {f"{PREFIX}reference_front": truth.digest}),
            f"{PREFIX}digests": json.dumps({file: digest_files(scratch / file) for file in _files(scratch)}),
            **{f"{PREFIX}{name}": value for name, value in record.environment.items()},
        },
    )
    front_png(
        {cell.label: record.front()},
        cell.tasks,
        scratch / "front.png",
        title=cell.title,
        reference_point=record.reference_point,
    )
    if (scratch / "routing.parquet").exists():
        coefficients_png(RoutingRecord.read(scratch / "routing.parquet"), scratch / "routing.png", title=cell.title)


def _files(scratch: Path) -> list[str]:
    """What results are computed from later, and must not have changed by then."""
    return [file for file in ("front.parquet", "state.safetensors", "routing.parquet") if (scratch / file).exists()]
