"""Write the description of a cell's MLflow run, in Markdown: its result, and the command that shows more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...metrics import Front
from ..board.markdown import escape_markdown
from ..cells.cell import Cell
from ..records.status import Status
from ..scoring.measures import MEASURES
from ..scoring.units import as_quality
from .cell_pictures import SMALL_FRONT_PICTURE

# Measures that can no longer change: distances to a reference front that may still grow are left out.
_SHOWN = ("hypervolume", "hypervolume_ratio", "alignment", "fit_time_s", "peak_rss_bytes", "trainable_parameters")

_MOST_ENDS = 3
"""The most tasks whose ends of the front are described; more would be folded."""
_SAME = 1e-6


def finished_note(cell: Cell, run_id: str, metrics: Mapping[str, float], front: Front, warnings: str = "") -> str:
    """Return the description of a finished cell: its most important measures, `warnings`, its front, and its files.

    The ends of the front and its middle stand in the lines that MLflow's UI does not fold. The picture is read from
    where MLflow serves the run's files, whatever the address of its UI is.
    """
    numbers = [f"{MEASURES[name].heading} {MEASURES[name].text(metrics[name])}" for name in _SHOWN if name in metrics]
    return (
        f"{_title(cell)}: {', '.join(numbers)}.\n\n"
        + (f"**Warning:** {warnings}.\n\n" if warnings else "")
        + f"{_front(cell, front)}\n\n"
        f"`frontrunner front {run_id[:8]}` shows its front; its files are under *Artifacts*.\n\n"
        f"![](get-artifact?path={SMALL_FRONT_PICTURE}&run_uuid={run_id})"
    )


def unfinished_note(cell: Cell, status: Status, reason: str, *, log: bool = True) -> str:
    """Return the description of any other cell: its status, the reason, and with `log` where its output is kept."""
    why = f": {escape_markdown(reason[:1000])}" if reason else ""
    where = "\n\nWhat it printed is `worker.log` under *Artifacts*." if log and status is not Status.UNSUPPORTED else ""
    return f"{_title(cell)}: **{status}**{why}.{where}"


def _front(cell: Cell, front: Front) -> str:
    """Return the errors of the answers to equal weights and to each task alone, or the lowest without preferences."""
    tasks = [escape_markdown(task) for task in cell.tasks]
    if front.preferences is None:
        lowest = map(as_quality, front.objectives.min(axis=0).tolist())
        return f"Lowest errors: {', '.join(f'{task} {error}' for task, error in zip(tasks, lowest, strict=True))}."
    n_tasks = len(tasks)
    wanted = {"equal weights": np.full(n_tasks, 1 / n_tasks)}
    if n_tasks <= _MOST_ENDS:
        wanted |= {f"only {task}": end for task, end in zip(tasks, np.eye(n_tasks), strict=True)}
    parts = []
    for name, preference in wanted.items():
        distances = np.linalg.norm(front.preferences - preference, axis=1)
        errors = ", ".join(f"{error:.3f}" for error in front.objectives[int(distances.argmin())])
        parts.append(f"{'' if distances.min() < _SAME else 'nearest to '}{name} ({errors})")
    return f"Errors ({', '.join(tasks)}) for {'; '.join(parts)}."


def _title(cell: Cell) -> str:
    return f"**{escape_markdown(cell.label)}** on {cell.suite} ({', '.join(cell.tasks)}), seed {cell.seed}"
