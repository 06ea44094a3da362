"""What MLflow shows of every cell's run: its parameters, and in Markdown what came of it and what to type next."""

from __future__ import annotations

from collections.abc import Mapping

from .board.measures import MEASURES
from .cell import Cell
from .markdown import escape_markdown

_SHOWN = ("hypervolume", "hypervolume_ratio", "alignment", "fit_time_s", "peak_rss_bytes", "trainable_parameters")


def asked(cell: Cell) -> dict[str, object]:
    """Parameters of a run, whatever becomes of it; a learner's options come on top."""
    return {
        "learner": cell.label,
        "method": cell.method,
        "method_version": cell.method_version,
        "suite": cell.suite,
        "tasks": ", ".join(cell.tasks),
        "points_per_edge": cell.points_per_edge,
        "seed": cell.seed,
    }


def finished_note(cell: Cell, run_id: str, metrics: Mapping[str, float]) -> str:
    """Of a finished cell; only what stays true, so not the distances to a reference front that may still grow."""
    numbers = [f"{MEASURES[name].heading} {MEASURES[name].text(metrics[name])}" for name in _SHOWN if name in metrics]
    return (
        f"{_title(cell)}: {', '.join(numbers)}.\n\n"
        f"`frontrunner front {run_id[:8]}` shows its front; its files are under *Artifacts*."
    )


def unfinished_note(cell: Cell, status: str, reason: str, *, log: bool = True) -> str:
    """Of any other cell: its status and why, and where what it printed is kept if there is a log of it."""
    why = f": {escape_markdown(reason[:1000])}" if reason else ""
    where = "\n\nWhat it printed is `worker.log` under *Artifacts*." if log and status != "unsupported" else ""
    return f"{_title(cell)}: **{status}**{why}.{where}"


def _title(cell: Cell) -> str:
    return f"**{escape_markdown(cell.label)}** on {cell.suite} ({', '.join(cell.tasks)}), seed {cell.seed}"
