"""Runs the cells of a bench that have not finished, records them, and scores every front against the references."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import queue
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import Timeout

from ..errors import StoreError
from ..metrics import Front
from ..tasks.expert_cache import digest_files
from .cell import Cell
from .cell_process import Ending, run_in_process
from .front_html import front_html
from .front_png import front_png
from .front_record import FrontRecord
from .results import Group, load_groups, record_indicators
from .spec import BenchSpec
from .store import PREFIX, Store

Runner = Callable[..., Ending]
"""`run_in_process` for one device."""


@dataclass(frozen=True)
class Outcome:
    """What became of one cell."""

    cell: Cell
    ending: Ending
    run_id: str
    ran: bool
    """False where an earlier command had settled it."""


class Listener(Protocol):
    """Is told how a bench goes; called from the threads that run cells."""

    def begins(self, cell: Cell, device: str) -> None:
        """A cell's process is about to start."""

    def waits(self, cell: Cell) -> None:
        """Another process runs this very cell; its result is waited for."""

    def reports(self, cell: Cell, event: Mapping[str, Any]) -> None:
        """A phase or progress event of the cell's process."""

    def ends(self, outcome: Outcome) -> None:
        """A cell has ended, or was settled before."""


def run_bench(
    spec: BenchSpec, store: Store, *, devices: Sequence[str], plugins: Sequence[str], listener: Listener
) -> list[Outcome]:
    """Run what is not settled, one cell at a time on each device; failed cells are rows, the rest goes on.

    Args:
        spec: checked before anything is recorded.
        store: where finished cells are looked up and new ones recorded.
        devices: torch device names.
        plugins: files that every worker loads too.
        listener: is told how it goes.
    """
    cells = spec.cells()
    digest = _digest(spec.name, cells)
    parents = {
        suite: store.bench_run(suite, spec.name, digest, [c for c in cells if c.suite == suite], spec.model_dump())
        for suite in dict.fromkeys(cell.suite for cell in cells)
    }
    try:
        outcomes = _run_all(cells, store, parents, devices, plugins, listener)
        _summarise(store, parents, outcomes)
    except BaseException:
        for parent in parents.values():
            store.end(parent, "killed", "the bench was interrupted")
        raise
    return outcomes


def _run_all(
    cells: Sequence[Cell],
    store: Store,
    parents: Mapping[str, str],
    devices: Sequence[str],
    plugins: Sequence[str],
    listener: Listener,
) -> list[Outcome]:
    """One cell at a time on each device; the first error, or Ctrl-C, ends the cells that run and starts no other."""
    todo: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in cells:
        todo.put(cell)
    outcomes: dict[str, Outcome] = {}
    stop = threading.Event()

    def serve(device: str) -> None:
        while not stop.is_set():
            try:
                cell = todo.get_nowait()
            except queue.Empty:
                return
            run = functools.partial(run_in_process, device=device, plugins=plugins, stop=stop)
            outcomes[cell.key] = _run_one(cell, store, parents[cell.suite], device, run, stop, listener)

    with ThreadPoolExecutor(len(devices)) as pool:
        try:
            for served in [pool.submit(serve, device) for device in devices]:
                served.result()
        except BaseException:
            stop.set()  # the pool waits for its threads, and they for their workers' end
            raise
    return [outcomes[cell.key] for cell in cells]


def _run_one(
    cell: Cell, store: Store, parent: str, device: str, run: Runner, stop: threading.Event, listener: Listener
) -> Outcome:
    lock = store.lock(cell)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        listener.waits(cell)
        while not lock.is_locked:
            if stop.is_set():
                return Outcome(cell, Ending("killed", "the bench was interrupted", True), run_id="", ran=False)
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=0.5)
    try:
        done = store.settled(cell)
        if done is not None:
            store.remove_checkpoints(cell)  # of an attempt that was killed between its record and this
            outcome = Outcome(cell, Ending(done.status, done.reason), done.run_id, ran=False)
        else:
            listener.begins(cell, device)
            outcome = _attempt(cell, store, parent, run, listener)
    finally:
        lock.release()
    listener.ends(outcome)
    return outcome


def _attempt(cell: Cell, store: Store, parent: str, run: Runner, listener: Listener) -> Outcome:
    run_id = store.start(cell, parent)
    try:
        with store.scratch(cell) as scratch:
            try:
                ending = run(
                    cell,
                    scratch=scratch,
                    checkpoints=store.checkpoints(cell),
                    on_event=lambda event: listener.reports(cell, event),
                )
                if ending.status == "finished":
                    _record(store, run_id, cell, scratch)
            except (StoreError, OSError):
                raise
            except Exception as error:  # what the learner reported cannot be used: its failure, not the bench's
                ending = Ending("failed", f"its report cannot be recorded ({type(error).__name__}: {error})")
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
    """Log what the worker measured, and draw the front beside it."""
    metrics = json.loads((scratch / "metrics.json").read_text())
    curve = json.loads((scratch / "curve.json").read_text())
    resolved = json.loads((scratch / "config.json").read_text())["resolved"]
    record = FrontRecord.read(scratch / "front.parquet")
    volume = record.hypervolume()
    ratio = record.hypervolume_ratio(volume)
    lowest = record.front().objectives.min(axis=0)
    store.log(
        run_id,
        params={"method": cell.method, "suite": cell.suite, "tasks": ", ".join(cell.tasks), "seed": cell.seed}
        | resolved,
        metrics={
            **metrics,
            "hypervolume": volume.value,
            **({} if ratio is None else {"hypervolume_ratio": ratio}),
            **{f"min_error_{task}": value for task, value in zip(cell.tasks, lowest, strict=True)},
        },
        curve=curve,
        tags={
            f"{PREFIX}hypervolume_exact": str(volume.exact),
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


def _files(scratch: Path) -> list[str]:
    """What results are computed from later, and must not have changed by then."""
    return [file for file in ("front.parquet", "state.safetensors") if (scratch / file).exists()]


def _summarise(store: Store, parents: Mapping[str, str], outcomes: Sequence[Outcome]) -> None:
    """Score all fronts against the newest references; draw the bench's fronts together on its parent runs."""
    groups = load_groups(store.attempts())
    record_indicators(store, groups)
    for suite, parent in parents.items():
        mine = [outcome for outcome in outcomes if outcome.cell.suite == suite]
        if any(outcome.ran for outcome in mine):
            keys = {outcome.cell.key for outcome in mine}
            for group in groups:
                if any(result.record.cell.key in keys for result in group.results):
                    _draw_group(store, parent, group, keys)
        settled = all(outcome.ending.settled for outcome in mine)
        store.log(parent, metrics={"cells_finished": sum(o.ending.status == "finished" for o in mine)})
        store.end(parent, "finished" if settled else "failed")


def _draw_group(store: Store, parent: str, group: Group, keys: set[str]) -> None:
    """Draw the fronts of the bench's first seed together."""
    mine = [result.record for result in group.results if result.record.cell.key in keys]
    seed = min(record.cell.seed for record in mine)
    fronts: dict[str, Front] = {}
    for record in mine:
        if record.cell.seed == seed:
            label = record.cell.label  # two learners may have been given one label
            fronts[label if label not in fronts else f"{label} {record.cell.learner_key[:4]}"] = record.front()
    name = f"fronts-{'-'.join(group.tasks)}-{mine[0].cell.points_per_edge}"
    with tempfile.TemporaryDirectory() as folder:
        for draw, ending in ((front_png, "png"), (front_html, "html")):
            draw(
                fronts,
                group.tasks,
                Path(folder) / f"{name}.{ending}",
                title=f"{group.suite}: {', '.join(group.tasks)} (seed {seed})",
                reference_point=mine[0].reference_point,
            )
        store.add_artifacts(parent, Path(folder))


def _digest(name: str, cells: Sequence[Cell]) -> str:
    """Of a bench: the same name and cells are the same bench, resumed."""
    return hashlib.sha256("/".join([name, *sorted(cell.key for cell in cells)]).encode()).hexdigest()[:16]
