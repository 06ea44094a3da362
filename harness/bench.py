"""Runs the cells of a bench that have not finished, records them, and scores every front against the references."""

from __future__ import annotations

import hashlib
import queue
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..metrics import Front
from .cell import Cell
from .cell_process import preload
from .cell_run import Listener, Outcome, settle_cell
from .devices import on_each_device
from .front_html import front_html
from .front_png import front_png
from .results import Group, load_groups, record_indicators
from .spec import BenchSpec
from .store import Store


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
    parents = {}
    for suite in dict.fromkeys(cell.suite for cell in cells):
        mine = {"cells": [cell.to_json() for cell in cells if cell.suite == suite]}
        documents = {"cells.json": mine, "bench.json": spec.model_dump()}
        parents[suite] = store.parent_run("bench", suite, spec.name, digest, documents)
    try:
        outcomes = _run_all(cells, spec.probes, store, parents, devices, plugins, listener)
        _summarise(store, parents, outcomes)
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
) -> list[Outcome]:
    """One cell at a time on each device."""
    todo: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in cells:
        todo.put(cell)
    outcomes: dict[str, Outcome] = {}

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


def _summarise(store: Store, parents: Mapping[str, str], outcomes: Sequence[Outcome]) -> None:
    """Score all fronts against the newest references; draw the bench's fronts together on its parent runs."""
    groups = load_groups(store)
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
