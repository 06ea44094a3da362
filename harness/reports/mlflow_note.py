"""The description of a cell's run in MLflow, in Markdown: what came of it and what to type next."""

from __future__ import annotations

from collections.abc import Mapping

from ..board.markdown import escape_markdown
from ..cells.cell import Cell
from ..records.status import Status
from ..scoring.measures import MEASURES

_SHOWN = ("hypervolume", "hypervolume_ratio", "alignment", "fit_time_s", "peak_rss_bytes", "trainable_parameters")


def finished_note(cell: Cell, run_id: str, metrics: Mapping[str, float]) -> str:
    """Describe a finished cell; only by what stays true, so not by distances to a reference that may still grow."""
    numbers = [f"{MEASURES[name].heading} {MEASURES[name].text(metrics[name])}" for name in _SHOWN if name in metrics]
    return (
        f"{_title(cell)}: {', '.join(numbers)}.\n\n"
        f"`frontrunner front {run_id[:8]}` shows its front; its files are under *Artifacts*."
    )


def unfinished_note(cell: Cell, status: Status, reason: str, *, log: bool = True) -> str:
    """Describe any other cell: its status and why, and where what it printed is kept if there is a log of it."""
    why = f": {escape_markdown(reason[:1000])}" if reason else ""
    where = "\n\nWhat it printed is `worker.log` under *Artifacts*." if log and status is not Status.UNSUPPORTED else ""
    return f"{_title(cell)}: **{status}**{why}.{where}"


def _title(cell: Cell) -> str:
    return f"**{escape_markdown(cell.label)}** on {cell.suite} ({', '.join(cell.tasks)}), seed {cell.seed}"
