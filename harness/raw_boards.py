"""Leaderboards for programs: CSV and JSON, raw values in the units of their names."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..metrics.statistics import MeanInterval
from .leaderboard import Board, Row
from .measures import MEASURES, QUALITIES


def as_csv(boards: Sequence[Board]) -> str:
    """One line a row: means, for qualities with the ends of their intervals; what was not measured is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    ends = [f"{name}_{end}" for name in QUALITIES for end in ("low", "high")]
    identity = ["suite", "group", "rank", "learner", "method", "seeds"]
    writer.writerow([*identity, *MEASURES, *ends, "tied_with_best", "unfinished", "runs"])
    for board in boards:
        for rank, row in enumerate(board.rows, 1):
            who = [board.suite, board.name, rank if row.seeds else "", row.label, row.method]
            unfinished = "; ".join(f"seed {seed} {why}" for seed, why in row.unfinished.items())
            writer.writerow(
                [
                    *who,
                    " ".join(map(str, row.seeds)),
                    *(row.metrics.get(name, "") for name in MEASURES),
                    *(_end(row, name, end) for name in QUALITIES for end in ("low", "high")),
                    row.tied_with_best,
                    unfinished,
                    " ".join(row.run_ids),
                ]
            )
    return out.getvalue().rstrip("\n")


def as_json(boards: Sequence[Board]) -> str:
    """Everything on the boards: a list with one object a board."""
    return json.dumps([_board(board) for board in boards], indent=2)


def _end(row: Row, measure: str, end: str) -> float | str:
    found = getattr(row.intervals.get(measure), end, None)
    return "" if found is None else found


def _board(board: Board) -> dict[str, Any]:
    about = {name: getattr(board, name) for name in (f.name for f in dataclasses.fields(board)) if name != "rows"}
    return {**about, "rows": [_row(row) for row in board.rows]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "method": row.method,
        "learner": row.key,
        "seeds": row.seeds,
        "run_ids": row.run_ids,
        "unfinished": row.unfinished,
        "metrics": row.metrics,
        "intervals": _intervals(row.intervals),
        "against_baseline": _intervals(row.against_baseline),
        "tied_with_best": row.tied_with_best,
        "hypervolume_error": row.hypervolume_error,
        "values": {measure: row.values(measure) for measure in row.intervals},
    }


def _intervals(intervals: Mapping[str, MeanInterval]) -> dict[str, dict[str, Any]]:
    return {measure: dataclasses.asdict(interval) for measure, interval in intervals.items()}
