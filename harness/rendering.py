"""Leaderboards for people (terminal, Markdown) and for programs (CSV, JSON)."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .leaderboard import COSTS, QUALITIES, Board, Row
from .quantities import as_bytes, as_count, as_needs, as_time

NEEDS = ("labelled_examples", "unlabelled_examples", "full_trainings")


@dataclass(frozen=True)
class Column:
    """What people read in one column of a board."""

    heading: str
    text: Callable[..., str]
    """From the metrics' values."""
    metrics: tuple[str, ...]

    def of(self, row: Row) -> str:
        """One row's text; MISSING unless all of the metrics are there."""
        if any(metric not in row.metrics for metric in self.metrics):
            return MISSING
        return self.text(*(row.metrics[metric] for metric in self.metrics))


def _as_quality(value: float) -> str:
    return f"{value:.4f}"


COLUMNS = (
    Column("HV ↑", _as_quality, ("hypervolume",)),
    Column("HV ratio ↑", _as_quality, ("hypervolume_ratio",)),
    Column("IGD ↓", _as_quality, ("igd",)),
    Column("IGD+ ↓", _as_quality, ("igd_plus",)),
    Column("wall time", as_time, ("wall_time_s",)),
    Column("peak memory", as_bytes, ("peak_rss_bytes",)),
    Column("peak GPU", as_bytes, ("fit_peak_gpu_allocated_bytes",)),
    Column("trainable", as_count, ("trainable_parameters",)),
    Column("needs", as_needs, NEEDS),
    Column("fit", as_time, ("fit_time_s",)),
)
"""Most important first. A column that no row has is left out."""

METRICS = (*QUALITIES, *COSTS)
MISSING = "–"


def as_table(board: Board, width: int) -> RenderableType:
    """For a terminal of `width` columns; where it is too narrow the last but the run are left out, never cut."""
    heading, *lines = _text(board)
    widths = [max(len(line[i]) for line in [heading, *lines]) + 3 for i in range(len(heading))]
    *shown, run = range(len(heading))  # which run it is leads to everything else
    while len(shown) > 3 and sum(widths[i] for i in [*shown, run]) + 1 > width:
        shown.pop()
    notes = [_caption(board), *_reasons(board)]
    if left_out := heading[len(shown) : run]:
        notes.append(f"Not shown for want of width: {', '.join(left_out)}.")
    table = Table(title=escape(board.name), title_justify="left", title_style="bold")
    for i in (*shown, run):
        # The name comes second and is the one that may be folded.
        table.add_column(heading[i], justify="left" if i == 1 else "right", overflow="fold", no_wrap=i != 1)
    for row, line in zip(board.rows, lines, strict=True):
        table.add_row(*(escape(line[i]) for i in (*shown, run)), style=None if row.seeds else "dim")
    return Group(table, *(Text(note, style="dim italic") for note in notes))


def as_markdown(boards: Sequence[Board]) -> str:
    """GitHub-flavoured tables to paste into a document, each with a heading, its caption and what did not finish."""
    parts = []
    for board in boards:
        heading, *lines = [[_plain(cell) for cell in line] for line in _text(board, runs=False)]
        widths = [max(3, *(len(line[i]) for line in [heading, *lines])) for i in range(len(heading))]
        rule = ["-" * width if i == 1 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
        table = "\n".join(_markdown_line(line, widths) for line in [heading, rule, *lines])
        notes = "".join(f"\n- {_plain(reason)}" for reason in _reasons(board))
        parts.append(f"### {_plain(board.name)}\n\n{table}\n\n{_caption(board)}" + (f"\n{notes}" if notes else ""))
    return "\n\n".join(parts)


def _markdown_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if i == 1 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _plain(text: str) -> str:
    """What Markdown would take for its own is escaped: labels are the user's, reasons the learner's."""
    return re.sub(r"([\\|*<`])", r"\\\1", " ".join(text.split()))


def as_csv(boards: Sequence[Board]) -> str:
    """One line a row, raw values in the units of their names; what was not measured is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["suite", "group", "rank", "learner", "method", "seeds", *METRICS, "unfinished", "runs"])
    for board in boards:
        for rank, row in enumerate(board.rows, 1):
            identity = [board.suite, board.name, rank if row.seeds else "", row.label, row.method]
            values = [row.metrics.get(metric, "") for metric in METRICS]
            unfinished = "; ".join(f"seed {seed} {why}" for seed, why in row.unfinished.items())
            writer.writerow([*identity, " ".join(map(str, row.seeds)), *values, unfinished, " ".join(row.run_ids)])
    return out.getvalue().rstrip("\n")


def as_json(boards: Sequence[Board]) -> str:
    """Everything on the boards, raw."""
    return json.dumps([dataclasses.asdict(board) for board in boards], indent=2)


def _text(board: Board, *, runs: bool = True) -> list[list[str]]:
    """The heading and a line a row, with where to find its first run on request."""
    shown = [column for column in COLUMNS if any(column.of(row) != MISSING for row in board.rows)]
    several = any(len(row.seeds) + len(row.unfinished) > 1 for row in board.rows)
    heading = ["#", "learner", *(["seeds"] if several else []), *(column.heading for column in shown)]
    lines = [heading + (["run"] if runs else [])]
    for rank, row in enumerate(board.rows, 1):
        cells = [column.of(row) for column in shown]
        seeds = [f"{len(row.seeds)}/{len(row.seeds) + len(row.unfinished)}"] if several else []
        run = [row.run_ids[0][:8] if row.run_ids else MISSING] if runs else []
        lines.append([str(rank) if row.seeds else MISSING, _name(row), *seeds, *cells, *run])
    return lines


def _name(row: Row) -> str:
    """The label, with what became of the seeds that are missing."""
    statuses = list(dict.fromkeys(reason.partition(":")[0] for reason in row.unfinished.values()))
    return row.label if not statuses else f"{row.label} [{', '.join(statuses)}]"


def _reasons(board: Board) -> list[str]:
    """One line for the seeds of a row that did not finish for the same reason."""
    lines = []
    for row in board.rows:
        for why in dict.fromkeys(row.unfinished.values()):
            seeds = [str(seed) for seed, reason in row.unfinished.items() if reason == why]
            lines.append(f"{row.label}, seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}: {why}")
    return lines


def _caption(board: Board) -> str:
    if board.reference_point is None:
        return "No cell has finished yet."
    point = ", ".join(f"{value:g}" for value in board.reference_point)
    ratio = any("hypervolume_ratio" in row.metrics for row in board.rows)
    return (
        f"Objectives: error on the test split, minimised. HV at reference point ({point})"
        f"{', HV ratio to that of the true front' if ratio else ''}; "
        f"IGD to the {board.reference_source} (reference {board.reference_digest})."
    )
