"""The description of a cell's run, in Markdown: what came of it in one sentence, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping

from .cell import Cell
from .cell_process import Ending
from .markdown import plain
from .measures import MEASURES

_SHOWN = ("hypervolume", "hypervolume_ratio", "alignment", "fit_time_s", "peak_rss_bytes", "trainable_parameters")


def finished_note(cell: Cell, run_id: str, metrics: Mapping[str, float]) -> str:
    """Of a finished cell; only what stays true, so not the distances to a reference front that may still grow."""
    numbers = [f"{MEASURES[name].heading} {MEASURES[name].text(metrics[name])}" for name in _SHOWN if name in metrics]
    return (
        f"{_title(cell)}: {', '.join(numbers)}.\n\n"
        f"`frontrunner front {run_id[:8]}` shows its front, which is `front.png` and `front.parquet` under *Artifacts*."
    )


def unfinished_note(cell: Cell, ending: Ending) -> str:
    """Of any other cell: its status and why."""
    reason = f": {plain(ending.reason[:1000])}" if ending.reason else ""
    log = "" if ending.status == "unsupported" else "\n\nWhat it printed is `worker.log` under *Artifacts*."
    return f"{_title(cell)}: **{ending.status}**{reason}.{log}"


def _title(cell: Cell) -> str:
    return f"**{plain(cell.label)}** on {cell.suite} ({', '.join(cell.tasks)}), seed {cell.seed}"
