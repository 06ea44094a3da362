"""The leaderboard: learners ranked by what is recorded; cells that did not finish are shown, never averaged away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import UnknownNameError
from .attempt import Attempt
from .cell import Cell
from .results import Group, load_groups
from .store import Store

COSTS = {
    "wall_time_s": "fit and evaluation, without preparing the problem",
    "fit_time_s": "fit alone",
    "solve_time_s": "weights for one new preference",
    "peak_rss_bytes": "resident memory of the cell's processes",
    "fit_peak_gpu_allocated_bytes": "CUDA memory allocated during fit",
    "fit_peak_gpu_reserved_bytes": "CUDA memory reserved during fit",
    "trainable_parameters": "numbers trained",
    "total_parameters": "numbers kept to answer any preference",
    "labelled_examples": "examples whose labels a fit looks at",
    "unlabelled_examples": "examples whose inputs alone a fit looks at",
    "full_trainings": "trainings of all of a model's weights, the experts' own not counted",
    "front_points": "members evaluated",
}
"""Recorded metrics a row averages over its finished seeds; one that no seed measured stays absent."""

QUALITIES = ("hypervolume", "hypervolume_ratio", "igd", "igd_plus")
"""Computed from the recorded fronts; the ratio is absent where nobody knows the limit."""


@dataclass
class Row:
    """One learner on one group; means over the seeds that finished."""

    label: str
    method: str
    seeds: list[int] = field(default_factory=list)
    """Finished."""
    unfinished: dict[int, str] = field(default_factory=dict)
    """Asked for and not finished: seed -> why."""
    metrics: dict[str, float] = field(default_factory=dict)
    """`hypervolume`, `hypervolume_ratio` (higher is better), `igd`, `igd_plus` (lower is better) and costs."""
    run_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Board:
    """One group's rows, best hypervolume first, rows without a finished seed last."""

    name: str
    suite: str
    tasks: tuple[str, ...]
    rows: Sequence[Row]
    reference_point: list[float] | None
    reference_source: str
    reference_digest: str


def leaderboards(store: Store, suite: str | None = None) -> list[Board]:
    """A board for every group of comparable cells, computed from the recorded fronts.

    Args:
        store: where they are recorded.
        suite: this suite only.

    Raises:
        UnknownNameError: nothing is recorded of that suite.
    """
    attempts = store.attempts()
    groups = {group.name: group for group in load_groups(attempts)}
    last = {attempt.cell.key: attempt for attempt in attempts}
    cells = {cell.key: cell for cell in store.expected_cells()}
    for attempt in attempts:  # also where the list of what its bench asked for is lost
        cells.setdefault(attempt.cell.key, attempt.cell)
    asked: dict[str, list[Cell]] = {}
    for cell in cells.values():
        asked.setdefault(cell.group, []).append(cell)
    boards = [_board(name, groups.get(name), cells, last) for name, cells in asked.items()]
    recorded = {board.suite for board in boards}
    if suite is not None and suite not in recorded:
        raise UnknownNameError("recorded suite", suite, recorded)
    return [board for board in boards if suite is None or board.suite == suite]


def _board(name: str, group: Group | None, cells: Sequence[Cell], last: dict[str, Attempt]) -> Board:
    results = {} if group is None else {result.record.cell.key: result for result in group.results}
    rows: dict[str, Row] = {}
    measured: dict[str, list[dict[str, float]]] = {}
    for cell in cells:
        row = rows.setdefault(cell.learner_key, Row(cell.label, cell.method))
        result = results.get(cell.key)
        if group is None or result is None:
            row.unfinished[cell.seed] = _why(last.get(cell.key))
            continue
        scores = group.score(result)
        row.seeds.append(cell.seed)
        row.run_ids.append(result.attempt.run_id)
        costs = {cost: result.attempt.metrics[cost] for cost in COSTS if cost in result.attempt.metrics}
        found = {name: value for name in QUALITIES if (value := getattr(scores, name)) is not None}
        measured.setdefault(cell.learner_key, []).append({**found, **costs})
    for key, values in measured.items():
        for metric in (*QUALITIES, *COSTS):
            of_seeds = [value[metric] for value in values if metric in value]
            if of_seeds:
                rows[key].metrics[metric] = float(np.mean(of_seeds))
    first = next(iter(results.values()), None)
    return Board(
        name=name,
        suite=cells[0].suite,
        tasks=cells[0].tasks,
        rows=sorted(rows.values(), key=lambda row: -row.metrics.get("hypervolume", -np.inf)),
        reference_point=None if first is None else first.record.reference_point.tolist(),
        reference_source="" if group is None else group.reference_source,
        reference_digest="" if group is None else group.reference.digest[:12],
    )


def _why(attempt: Attempt | None) -> str:
    if attempt is None:
        return "missing: not run yet"
    if attempt.status == "finished":
        return "damaged: its recorded front cannot be read; the same bench runs it again"
    return f"{attempt.status}: {attempt.reason}" if attempt.reason else attempt.status
