"""What the page holds of one board: its rows with every number behind them, as JSON values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ....metrics.statistics import MeanInterval
from ...board.leaderboard import Board, Row
from ...records.mlflow_tags import environment_of
from ...scoring.measures import MEASURES
from ...scoring.scored_cells import ScoredCell
from .front_content import front_content
from .packing import short
from .run_content import curves, routing


def board_content(board: Board, kept: int | None, fronts: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything of one board.

    Args:
        board: the one to show.
        kept: seeds of every row whose fronts are shown, from the first; all when None.
        fronts: as `all_fronts` gives them; those of the board are taken.
    """
    environments: list[dict[str, str]] = []
    rows = [_row(row, environments) for row in board.rows]
    first = next((result for row in board.rows for result in row.results.values()), None)
    return {
        "name": board.name,
        "suite": board.suite,
        "tasks": list(board.tasks),
        "baseline": board.baseline,
        "referencePoint": board.reference_point,
        "referenceSource": board.reference_source,
        "referenceDigest": board.reference_digest,
        **({} if first is None else _setting(first)),
        "environments": environments,
        "rows": rows,
        "curves": [curves(row, kept) for row in board.rows],
        "routing": [routing(row) for row in board.rows],
        **front_content(board, kept, fronts),
    }


def _setting(result: ScoredCell) -> dict[str, Any]:
    cell = result.attempt.cell
    return {
        "split": cell.split,
        "suiteVersion": cell.suite_version,
        "preferences": math.comb(cell.points_per_edge + len(cell.tasks) - 2, len(cell.tasks) - 1),
    }


def _row(row: Row, environments: list[dict[str, str]]) -> dict[str, Any]:
    results = list(row.results.values())
    values = {name: row.values(name) for name in MEASURES if name in row.intervals}
    cell = results[0].attempt.cell if results else None
    return {
        "key": row.key,
        "label": row.label,
        "method": row.method,
        "version": None if cell is None else cell.method_version,
        "options": None if cell is None else {name: _text(value) for name, value in cell.options.items()},
        "tied": row.tied_with_best,
        "error": short(row.hypervolume_error),
        # Seeds are text: a browser's numbers are exact up to 2^53 only.
        "unfinished": [[str(seed), why] for seed, why in row.unfinished.items()],
        "seeds": [str(seed) for seed in row.seeds],
        "runs": [[result.attempt.experiment_id, result.attempt.run_id] for result in results],
        "environment": [_position(environments, environment_of(result.attempt.tags)) for result in results],
        "values": {name: [short(found.get(seed)) for seed in row.seeds] for name, found in values.items()},
        "intervals": {name: _interval(found) for name, found in row.intervals.items()},
        "against": {name: _interval(found) for name, found in row.against_baseline.items()},
    }


def _text(option: object) -> str:
    if isinstance(option, str):
        return option
    return "none" if option is None else json.dumps(option)


def _interval(found: MeanInterval) -> list[float | int | None]:
    return [short(found.mean), short(found.low), short(found.high), found.n]


def _position(environments: list[dict[str, str]], environment: dict[str, str]) -> int:
    if environment not in environments:
        environments.append(environment)
    return environments.index(environment)
