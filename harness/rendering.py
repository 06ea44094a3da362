"""Leaderboards for people (terminal, Markdown) and for programs (CSV, JSON)."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .leaderboard import COSTS, Board, Row
from .quantities import as_bytes, as_count, as_time

COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "hypervolume": ("HV ↑", lambda value: f"{value:.4f}"),
    "igd": ("IGD ↓", lambda value: f"{value:.4f}"),
    "igd_plus": ("IGD+ ↓", lambda value: f"{value:.4f}"),
    "wall_time_s": ("wall time", as_time),
    "peak_rss_bytes": ("peak memory", as_bytes),
    "fit_peak_gpu_allocated_bytes": ("peak GPU", as_bytes),
    "trainable_parameters": ("trainable", as_count),
    "fit_time_s": ("fit", as_time),
}
"""Metric -> heading and how a value is written; most important first. A column that no row has is left out."""

METRICS = ("hypervolume", "igd", "igd_plus", *COSTS)
MISSING = "–"


def as_table(board: Board, width: int) -> RenderableType:
    """For a terminal of `width` columns; where it is too narrow the last columns are left out, never cut."""
    heading, lines = _text(board)
    widths = [max(len(line[i]) for line in [heading, *lines]) + 3 for i in range(len(heading))]
    n_shown = len(heading)
    while n_shown > 3 and sum(widths[:n_shown]) + 1 > width:
        n_shown -= 1
    left_out = heading[n_shown:]
    notes = [_caption(board), *_reasons(board)]
    if left_out:
        notes.append(f"Not shown for want of width: {', '.join(left_out)}.")
    table = Table(title=escape(board.name), title_justify="left", title_style="bold")
    for i, name in enumerate(heading[:n_shown]):
        # The name comes second and is the one that may be folded.
        table.add_column(name, justify="left" if i == 1 else "right", overflow="fold", no_wrap=i != 1)
    for row, line in zip(board.rows, lines, strict=True):
        table.add_row(*map(escape, line[:n_shown]), style=None if row.seeds else "dim")
    return Group(table, *(Text(note, style="dim italic") for note in notes))


def as_markdown(boards: Sequence[Board]) -> str:
    """GitHub-flavoured tables."""
    parts = []
    for board in boards:
        heading, lines = _text(board)
        align = ["---" if i == 1 else "---:" for i in range(len(heading))]
        table = "\n".join("| " + " | ".join(line) + " |" for line in [heading, align, *lines])
        notes = "".join(f"\n- {reason}" for reason in _reasons(board))
        parts.append(f"**{board.name}**\n\n{table}\n\n{_caption(board)}" + (f"\n{notes}" if notes else ""))
    return "\n\n".join(parts)


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


def _text(board: Board) -> tuple[list[str], list[list[str]]]:
    shown = [metric for metric in COLUMNS if any(metric in row.metrics for row in board.rows)]
    several = any(len(row.seeds) + len(row.unfinished) > 1 for row in board.rows)
    heading = ["#", "learner", *(["seeds"] if several else []), *(COLUMNS[metric][0] for metric in shown), "run"]
    lines = []
    for rank, row in enumerate(board.rows, 1):
        cells = [COLUMNS[metric][1](row.metrics[metric]) if metric in row.metrics else MISSING for metric in shown]
        seeds = [f"{len(row.seeds)}/{len(row.seeds) + len(row.unfinished)}"] if several else []
        run = row.run_ids[0][:8] if row.run_ids else MISSING
        lines.append([str(rank) if row.seeds else MISSING, _name(row), *seeds, *cells, run])
    return heading, lines


def _name(row: Row) -> str:
    """The label, with what became of the seeds that are missing."""
    statuses = list(dict.fromkeys(reason.partition(":")[0] for reason in row.unfinished.values()))
    return row.label if not statuses else f"{row.label} [{', '.join(statuses)}]"


def _reasons(board: Board) -> list[str]:
    """One line a cell that did not finish."""
    return [f"{row.label}, seed {seed}: {reason}" for row in board.rows for seed, reason in row.unfinished.items()]


def _caption(board: Board) -> str:
    if board.reference_point is None:
        return "No cell has finished yet."
    point = ", ".join(f"{value:g}" for value in board.reference_point)
    return (
        f"Objectives: error on the test split, minimised. HV at reference point ({point}); "
        f"IGD to the {board.reference_source} (reference {board.reference_digest})."
    )
