"""Lay out the columns of a board as text for people, most important first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...metrics.statistics import MeanInterval
from ..scoring.measures import MEASURES
from ..scoring.units import as_charged, as_needs, as_quality, as_steps
from .leaderboard import Board, Row
from .overall_ranking import OverallRanking
from .yardstick import NEIGHBOUR

MISSING = "–"
"""Text that is shown where a row has no value."""
TIED = "≈"
"""Mark after the rank of a row whose seeds cannot tell it from the first row."""
TOO_FEW_SEEDS = "too few seeds"
"""Text instead of an interval where a mean is over fewer than three seeds."""
NEEDS = ("labelled_examples", "unlabelled_examples", "full_trainings")
"""Measures that the column `needs` shows together."""


@dataclass(frozen=True)
class Column:
    """One column of the table: its heading, and the text of every row."""

    heading: str
    of: Callable[[Row], str | None]
    """Returns the text of a row; None where the row has no value."""


def columns(board: Board) -> list[Column]:
    """Return the columns in which some row of the board has a value."""
    several = any(len(row.seeds) > 1 for row in board.rows)
    found = [
        column
        for measure in sorted((m for m in MEASURES.values() if m.column is not None), key=lambda m: m.column or 0)
        for column in _columns_of(measure.name, several=several)
    ]
    return [column for column in found if any(column.of(row) is not None for row in board.rows)]


def _columns_of(measure: str, *, several: bool) -> list[Column]:
    """Return the column of a measure, with those that belong beside it."""
    if measure == "hypervolume":
        return [
            Column(MEASURES[measure].titled, _hypervolume),
            Column("Δ HV", lambda row: _difference(row.against_baseline.get(measure), several)),
            *([Column("95 % interval", lambda row: as_ends(row.intervals.get(measure)))] if several else []),
        ]
    beside = [Column("needs", _needs), Column("steps", _steps)] if measure == "trainable_parameters" else []
    if measure == "wall_time_s":
        beside = [Column("examples", _charged)]
    return [_mean(measure), *beside]


def text(board: Board, *, runs: bool = True) -> list[list[str]]:
    """Return the table as text: the heading, one line per row, then the yardstick's where there is one.

    With `runs`, each line ends with the first run id of its row.
    Of a row without a finished seed it is the id of an attempt that has not finished, by which it can be forgotten.
    """
    shown = columns(board)
    several = any(len(row.seeds) + len(row.unfinished) > 1 for row in board.rows)
    heading = ["#", "learner", *(["seeds"] if several else []), *(column.heading for column in shown)]
    lines = [heading + (["run"] if runs else [])]
    for rank, row in zip(board.ranks, board.rows, strict=True):
        cells = [column.of(row) or MISSING for column in shown]
        seeds = [f"{len(row.seeds)}/{len(row.seeds) + len(row.unfinished)}"] if several else []
        run = [next(iter([*row.run_ids, *row.attempted.values()]), MISSING)[:8]] if runs else []
        place = MISSING if rank is None else f"{rank}{TIED if row.tied_with_best else ''}"
        lines.append([place, _name(row), *seeds, *cells, *run])
    if board.neighbour is not None:
        volume = MEASURES["hypervolume"]
        cells = [volume.text(board.neighbour.hypervolume) if h == volume.titled else MISSING for h in heading[2:]]
        lines.append([MISSING, NEIGHBOUR, *cells, *([MISSING] if runs else [])])
    return lines


def as_ends(interval: MeanInterval | None, sign: str = "") -> str | None:
    """Return an interval as `[0.4301, 0.4480]`, or `TOO_FEW_SEEDS`; None where nothing was measured."""
    if interval is None:
        return None
    if interval.low is None or interval.high is None:
        return TOO_FEW_SEEDS
    return f"[{as_quality(interval.low, sign)}, {as_quality(interval.high, sign)}]"


def _hypervolume(row: Row) -> str | None:
    """Return the mean hypervolume; of estimates, with the half width of the widest interval."""
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
    """Return the mean difference, with its interval where some row of the board has several seeds."""
    if interval is None:
        return None
    return as_quality(interval.mean, "+") + (f" {as_ends(interval, '+')}" if several else "")


def _needs(row: Row) -> str | None:
    means = [row.intervals[name].mean for name in NEEDS if name in row.intervals]
    return as_needs(*means) if len(means) == len(NEEDS) else None


def _charged(row: Row) -> str | None:
    means = row.metrics
    return (
        as_charged(means["gradient_examples"], means.get("expert_gradient_examples"))
        if "gradient_examples" in means
        else None
    )


def _steps(row: Row) -> str | None:
    means = row.metrics
    return (
        as_steps(means["training_runs"], means["training_steps"], means.get("gradient_examples"))
        if {"training_runs", "training_steps"} <= means.keys()
        else None
    )


def _name(row: Row) -> str:
    """Return the label of a row, with the statuses of the seeds that did not finish and the signs of collapse."""
    statuses = [reason.partition(":")[0] for reason in row.unfinished.values()]
    warnings = [warning.kind for found in row.warnings.values() for warning in found]
    marks = list(dict.fromkeys([*statuses, *warnings]))
    return row.label if not marks else f"{row.label} [{', '.join(marks)}]"


def ranking_lines(overall: OverallRanking) -> list[list[str]]:
    """Return the heading and a line for every learner that is ranked over all boards, best first."""
    ranking = overall.ranking
    lines = [["#", "learner", "average rank"]]
    for place, name, average in zip(ranking.places, ranking.names, ranking.average_ranks, strict=True):
        lines.append([f"{place}{TIED if name in overall.tied_with_best else ''}", name, f"{average:.2f}"])
    return lines
