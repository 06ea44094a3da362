"""Write leaderboards for programs as CSV and JSON; values are in the units that their names give."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...metrics.statistics import MeanInterval
from ..scoring.measures import INDICATOR_MEASURES, MEASURES
from .leaderboard import Board, Row
from .notes import row_warnings
from .spreadsheet_text import as_spreadsheet_text
from .yardstick import NEIGHBOUR


def as_csv(boards: Sequence[Board]) -> str:
    """Return CSV with one line per row of a board; fields without a value are empty.

    Texts that a spreadsheet would take for formulas begin with an apostrophe, see `spreadsheet_text`.

    The yardstick, where it is known, has a line without method, seeds and rank.

    A line has the means of all measures; `rank` is empty where the board has none, as with fewer than three seeds, and
    for rows that average other seeds. Indicators also have the ends of their intervals and, where the boards have a
    baseline, the differences to it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")

    def written(values: Sequence[object]) -> None:
        writer.writerow(map(as_spreadsheet_text, values))

    identity = ["suite", "group", "rank", "learner", "method", "seeds"]
    ends = [f"{name}_{end}" for name in INDICATOR_MEASURES for end in ("low", "high")]
    against = [f"{name}_minus_baseline{end}" for name in INDICATOR_MEASURES for end in ("", "_low", "_high")]
    if all(board.baseline is None for board in boards):
        against = []
    heading = [*identity, *MEASURES, *ends, "hypervolume_error", "tied_with_best", *against]
    heading += ["warnings", "unfinished", "runs"]
    written(heading)
    for board in boards:
        for rank, row in zip(board.ranks, board.rows, strict=True):
            who = [board.suite, board.name, "" if rank is None else rank, row.label, row.method]
            differences = [
                _of(row.against_baseline, name, end) for name in INDICATOR_MEASURES for end in ("mean", "low", "high")
            ]
            written(
                [
                    *who,
                    " ".join(map(str, row.seeds)),
                    *(_of(row.intervals, name, "mean") for name in MEASURES),
                    *(_of(row.intervals, name, end) for name in INDICATOR_MEASURES for end in ("low", "high")),
                    "" if row.hypervolume_error is None else row.hypervolume_error,
                    row.tied_with_best,
                    *(differences if against else []),
                    "; ".join(f"{seeds} {text}" for seeds, text in row_warnings(row)),
                    "; ".join(f"seed {seed} {why}" for seed, why in row.unfinished.items()),
                    " ".join(row.run_ids),
                ]
            )
        if board.neighbour is not None:
            known = {
                "suite": board.suite,
                "group": board.name,
                "learner": NEIGHBOUR,
                "hypervolume": board.neighbour.hypervolume,
                "tied_with_best": False,
            }
            written([known.get(name, "") for name in heading])
    return out.getvalue().rstrip("\n")


def as_json(boards: Sequence[Board]) -> str:
    """Return everything on the boards as JSON: a list with one object per board."""
    return json.dumps([_board(board) for board in boards], indent=2)


def _of(intervals: Mapping[str, MeanInterval], measure: str, end: str) -> float | str:
    found = getattr(intervals.get(measure), end, None)
    return "" if found is None else found


def _board(board: Board) -> dict[str, Any]:
    about = {name: getattr(board, name) for name in (f.name for f in dataclasses.fields(board)) if name != "rows"}
    about["neighbour"] = None if board.neighbour is None else dataclasses.asdict(board.neighbour)
    return {**about, "rows": [_row(rank, row) for rank, row in zip(board.ranks, board.rows, strict=True)]}


def _row(rank: int | None, row: Row) -> dict[str, Any]:
    return {
        "rank": rank,
        "label": row.label,
        "method": row.method,
        "learner": row.key,
        "seeds": row.seeds,
        "run_ids": row.run_ids,
        "unfinished": row.unfinished,
        "warnings": {
            seed: [
                *(one.text for one in row.warnings.get(seed, [])),
                *([why] if (why := row.unreadable.get(seed)) else []),
            ]
            for seed in row.seeds
            if seed in row.warnings or seed in row.unreadable
        },
        "metrics": row.metrics,
        "intervals": _intervals(row.intervals),
        "against_baseline": _intervals(row.against_baseline),
        "tied_with_best": row.tied_with_best,
        "hypervolume_error": row.hypervolume_error,
        "values": {measure: row.values(measure) for measure in row.intervals},
    }


def _intervals(intervals: Mapping[str, MeanInterval]) -> dict[str, dict[str, Any]]:
    return {measure: dataclasses.asdict(interval) for measure, interval in intervals.items()}
