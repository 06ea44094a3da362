"""Show how a command's own work goes, where it runs no cells: one bar on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...one_line import as_one_line
from ...tasks.progress import Progress as Told
from ...tasks.progress import silent
from .console import open_console

LONGEST_ACTIVITY = 60


@contextlib.contextmanager
def showing() -> Iterator[Told]:
    """Yield a function that is told how work goes, and shows it on a terminal; elsewhere it shows nothing."""
    console = open_console(stderr=True)
    if not console.is_interactive:
        yield silent
        return
    unit_column = TextColumn("{task.fields[unit]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), unit_column, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("", total=None, unit="")

        def told(activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:  # noqa: ARG001 - a Progress takes them
            shown = escape(as_one_line(activity, LONGEST_ACTIVITY))
            bars.update(bar, description=shown, completed=step, total=total, unit=escape(unit))

        yield told
