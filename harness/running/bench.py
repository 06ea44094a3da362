"""Runs the cells of a bench that have not finished, records them, and summarises them."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Mapping, Sequence

from ..cells.bench_file import BenchSpec
from ..cells.cell import Cell, cells_document
from ..records.store import Store
from ..reports.bench_summary import summarise
from .devices import on_each_device
from .settle import Listener, SettledCell, settle_cell
from .worker_process import preload


def run_bench(
    spec: BenchSpec, store: Store, *, devices: Sequence[str], plugins: Sequence[str], listener: Listener
) -> list[SettledCell]:
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
    parents = {}
    for suite in dict.fromkeys(cell.suite for cell in cells):
        mine = cells_document(cell for cell in cells if cell.suite == suite)
        documents = {"cells.json": mine, "bench.json": spec.model_dump()}
        parents[suite] = store.parent_run("bench", suite, spec.name, digest, documents)
    try:
        outcomes = _run_all(cells, spec.probes, store, parents, devices, plugins, listener)
        summarise(store, parents, outcomes)
    except BaseException:
        for parent in parents.values():
            store.end(parent, "killed", "interrupted")
        raise
    return outcomes


def _run_all(
    cells: Sequence[Cell],
    probes: int,
    store: Store,
    parents: Mapping[str, str],
    devices: Sequence[str],
    plugins: Sequence[str],
    listener: Listener,
) -> list[SettledCell]:
    """One cell at a time on each device."""
    todo: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in cells:
        todo.put(cell)
    outcomes: dict[str, SettledCell] = {}

    def serve(device: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                cell = todo.get_nowait()
            except queue.Empty:
                return
            outcomes[cell.key] = settle_cell(
                cell,
                store,
                parents[cell.suite],
                device=device,
                plugins=plugins,
                stop=stop,
                listener=listener,
                probes=probes,
            )

    preload(cell.suite for cell in cells)
    on_each_device(devices, serve)
    return [outcomes[cell.key] for cell in cells]


def _digest(name: str, cells: Sequence[Cell]) -> str:
    """Of a bench: the same name and cells are the same bench, resumed."""
    return hashlib.sha256("/".join([name, *sorted(cell.key for cell in cells)]).encode()).hexdigest()[:16]
