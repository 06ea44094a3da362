"""The page's data of one board as JSON values: its caption, and its rows with every number behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ....metrics.statistics import MeanInterval
from ...board.leaderboard import Board, Row
from ...board.notes import as_seeds, other_seeds, row_reasons, row_warnings
from ...records.mlflow_tags import environment_of
from ...scoring.measures import MEASURES, Measure
from .budget_content import budget_content
from .caption_content import caption_content
from .cost_content import cost_content
from .front_content import front_content
from .packing import short
from .run_content import coefficients, curves
from .texts import difference_text, ends_text, estimate_text, value_text


def board_content(board: Board, kept: int | None, fronts: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Return everything that the page shows of one board.

    Args:
        board: the board to show.
        kept: number of seeds of every row whose fronts are shown, from the first; all when None.
        fronts: the iterator that `all_fronts` gives; the fronts of this board are taken from it.
    """
    environments: list[dict[str, str]] = []
    several = any(len(row.seeds) > 1 for row in board.rows)
    return {
        "name": board.name,
        "tasks": list(board.tasks),
        "baseline": board.baseline,
        "referencePoint": board.reference_point,
        "caption": caption_content(board),
        "rows": [
            _row(board, rank, row, environments, several=several)
            for rank, row in zip(board.ranks, board.rows, strict=True)
        ],
        "environments": environments,
        "costs": cost_content(board),
        "byBudget": budget_content(board),
        "curves": [curves(row, kept) for row in board.rows],
        "coefficients": [coefficients(row) for row in board.rows],
        **front_content(board, kept, fronts),
    }


def _row(
    board: Board, rank: int | None, row: Row, environments: list[dict[str, str]], *, several: bool
) -> dict[str, Any]:
    results = list(row.results.values())
    cell = results[0].attempt.cell if results else None
    asked = len(row.seeds) + len(row.unfinished)
    return {
        "key": row.key,
        "label": row.label,
        "method": row.method,
        "version": None if cell is None else cell.method_version,
        "options": None if cell is None else {name: _option(value) for name, value in cell.options.items()},
        "rank": rank,
        "tied": row.tied_with_best,
        "reasons": row_reasons(row),
        "warnings": row_warnings(row),
        "otherSeeds": other_seeds(board, row),
        # Seeds are text: a browser's numbers are exact up to 2^53 only.
        "seeds": [str(seed) for seed in row.seeds],
        "finished": str(asked) if asked == len(row.seeds) else f"{len(row.seeds)}/{asked}",
        "runs": [[result.attempt.experiment_id, result.attempt.run_id] for result in results],
        "ranIn": _environments(row, environments),
        "values": {name: _values(row, MEASURES[name]) for name in MEASURES if name in row.intervals},
        "intervals": {name: _interval(row, MEASURES[name], found, several) for name, found in row.intervals.items()},
        "against": {name: _difference(MEASURES[name], found, several) for name, found in row.against_baseline.items()},
    }


def _option(value: object) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value)


def _values(row: Row, measure: Measure) -> list[str]:
    found = row.values(measure.name)
    return [value_text(measure, found.get(seed)) for seed in row.seeds]


def _interval(row: Row, measure: Measure, found: MeanInterval, several: bool) -> list[float | int | str | None]:
    """Return mean, low, high and number of seeds, to sort and to draw; then the texts of the mean and its ends."""
    error = row.hypervolume_error if measure.name == "hypervolume" else None
    mean = value_text(measure, found.mean) if error is None else estimate_text(measure, found.mean, error)
    ends = ends_text(found, lambda value: value_text(measure, value), several=several)
    return [short(found.mean), short(found.low), short(found.high), found.n, mean, ends]


def _difference(measure: Measure, found: MeanInterval, several: bool) -> list[float | int | str | None]:
    """Return the mean, to sort; then the texts of the mean and its ends."""
    ends = ends_text(found, lambda value: difference_text(measure, value), several=several)
    return [short(found.mean), difference_text(measure, found.mean), ends]


def _environments(row: Row, environments: list[dict[str, str]]) -> list[tuple[str, int]]:
    """Return (which seeds, "" for all; position in `environments`) for every environment that the row ran in."""
    seeds: dict[int, list[int]] = {}
    for seed, result in row.results.items():
        environment = environment_of(result.attempt.tags)
        if environment not in environments:
            environments.append(environment)
        seeds.setdefault(environments.index(environment), []).append(seed)
    return [("" if found == row.seeds else as_seeds(found), position) for position, found in sorted(seeds.items())]
