"""The columns people read on a board, most important first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...metrics.statistics import MeanInterval
from ..scoring.measures import MEASURES
from ..scoring.units import as_needs
from .leaderboard import Board, Row

MISSING = "–"
TIED = "≈"
"""Beside the rank of a row that its seeds cannot tell from the first."""
TOO_FEW_SEEDS = "too few seeds"
"""In place of an interval, where a mean is of fewer than three seeds."""
NEEDS = ("labelled_examples", "unlabelled_examples", "full_trainings")


@dataclass(frozen=True)
class Column:
    """One column: a heading and a text for every row, None where the row has nothing to say."""

    heading: str
    of: Callable[[Row], str | None]


def columns(board: Board) -> list[Column]:
    """Those that some row of the board has something to say in."""
    several = any(len(row.seeds) > 1 for row in board.rows)
    found = [
        column
        for measure in sorted((m for m in MEASURES.values() if m.column is not None), key=lambda m: m.column or 0)
        for column in _columns_of(measure.name, several=several)
    ]
    return [column for column in found if any(column.of(row) is not None for row in board.rows)]


def _columns_of(measure: str, *, several: bool) -> list[Column]:
    """A measure's own column, with those that belong beside it."""
    if measure == "hypervolume":
        return [
            Column(MEASURES[measure].titled, _hypervolume),
            Column("Δ HV", lambda row: _difference(row.against_baseline.get(measure), several)),
            *([Column("95 % interval", lambda row: as_ends(row.intervals.get(measure)))] if several else []),
        ]
    beside = [Column("needs", _needs)] if measure == "trainable_parameters" else []
    return [_mean(measure), *beside]


def text(board: Board, *, runs: bool = True) -> list[list[str]]:
    """The heading and a line a row, with where to find its first run on request."""
    shown = columns(board)
    several = any(len(row.seeds) + len(row.unfinished) > 1 for row in board.rows)
    heading = ["#", "learner", *(["seeds"] if several else []), *(column.heading for column in shown)]
    lines = [heading + (["run"] if runs else [])]
    for rank, row in enumerate(board.rows, 1):
        cells = [column.of(row) or MISSING for column in shown]
        seeds = [f"{len(row.seeds)}/{len(row.seeds) + len(row.unfinished)}"] if several else []
        run = [row.run_ids[0][:8] if row.run_ids else MISSING] if runs else []
        place = f"{rank}{TIED if row.tied_with_best else ''}" if row.seeds else MISSING
        lines.append([place, _name(row), *seeds, *cells, *run])
    return lines


def as_ends(interval: MeanInterval | None, sign: str = "") -> str | None:
    """`[0.4301, 0.4480]`, or that there are too few seeds; None where nothing was measured."""
    if interval is None:
        return None
    if interval.low is None or interval.high is None:
        return TOO_FEW_SEEDS
    return f"[{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"


def _hypervolume(row: Row) -> str | None:
    """The mean; of estimates with the half width of the widest."""
    if "hypervolume" not in row.intervals:
        return None
    error = row.hypervolume_error
    shown = MEASURES["hypervolume"].text(row.intervals["hypervolume"].mean)
    return shown if error is None else f"≈{shown} ±{error:.1g}"


def _mean(measure: str) -> Column:
    found = MEASURES[measure]
    return Column(
        found.titled, lambda row: found.text(row.intervals[measure].mean) if measure in row.intervals else None
    )


def _difference(interval: MeanInterval | None, several: bool) -> str | None:
    """The mean difference, and where some row has several seeds its interval."""
    if interval is None:
        return None
    return f"{interval.mean:+.4f}" + (f" {as_ends(interval, '+')}" if several else "")


def _needs(row: Row) -> str | None:
    means = [row.intervals[name].mean for name in NEEDS if name in row.intervals]
    return as_needs(*means) if len(means) == len(NEEDS) else None


def _name(row: Row) -> str:
    """The label, with what became of the seeds that are missing."""
    statuses = list(dict.fromkeys(reason.partition(":")[0] for reason in row.unfinished.values()))
    return row.label if not statuses else f"{row.label} [{', '.join(statuses)}]"
