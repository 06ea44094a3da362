"""Write the description of a cell's MLflow run, in Markdown: its result, and the command that shows more."""

from __future__ import annotations

from collections.abc import Mapping

from ..board.markdown import escape_markdown
from ..cells.cell import Cell
from ..records.status import Status
from ..scoring.measures import MEASURES

# Measures that can no longer change: distances to a reference front that may still grow are left out.
_SHOWN = ("hypervolume", "hypervolume_ratio", "alignment", "fit_time_s", "peak_rss_bytes", "trainable_parameters")


def finished_note(cell: Cell, run_id: str, metrics: Mapping[str, float]) -> str:
    """Return the description of a finished cell: its most important measures, and where to find its files."""
    numbers = [f"{MEASURES[name].heading} {MEASURES[name].text(metrics[name])}" for name in _SHOWN if name in metrics]
    return (
        f"{_title(cell)}: {', '.join(numbers)}.\n\n"
        f"`frontrunner front {run_id[:8]}` shows its front; its files are under *Artifacts*."
    )


def unfinished_note(cell: Cell, status: Status, reason: str, *, log: bool = True) -> str:
    """Return the description of any other cell: its status, the reason, and with `log` where its output is kept."""
    why = f": {escape_markdown(reason[:1000])}" if reason else ""
    where = "\n\nWhat it printed is `worker.log` under *Artifacts*." if log and status is not Status.UNSUPPORTED else ""
    return f"{_title(cell)}: **{status}**{why}.{where}"


def _title(cell: Cell) -> str:
    return f"**{escape_markdown(cell.label)}** on {cell.suite} ({', '.join(cell.tasks)}), seed {cell.seed}"
