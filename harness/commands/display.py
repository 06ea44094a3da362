"""Shows cells while they run: live bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from ...one_line import as_one_line
from ..cells.cell import Cell
from ..records.status import Status
from ..running.cell_times import CellTimes
from ..running.settled_cell import SettledCell
from ..running.worker_events import CellLost, Event, PhaseStarted, Progressed, Queued, Warned
from ..scoring.units import as_time
from .finished_line import say_finished_before, shown_name

LONGEST_ACTIVITY = 100
"""Characters to which what a learner says it is doing is cut."""
LONGEST_UNIT = 20


@dataclass
class _Phase:
    """A phase that a cell's worker is in."""

    name: str
    started: float
    counted: str = ""
    """How much there was to do, with its unit, where the worker has said so."""
    step: int = 0
    """The step that was heard of last."""

    def told(self) -> str:
        """Return what the phase was and how long it took."""
        counted = f" {escape(self.counted)} in" if self.counted else ""
        return f"{self.name}:{counted} {as_time(time.monotonic() - self.started)}"

    def reached(self) -> str:
        """Return how far the phase has come, which did not end."""
        counted = f", {self.step} of {escape(self.counted)}" if self.counted else ""
        return f"{self.name}{counted}, after {as_time(time.monotonic() - self.started)}"


class Display:
    """Draws the progress of a bench and of each cell that runs, with phase, step, loss and time left.

    It is a `Listener`, and a context manager that draws between entering and leaving.

    Args:
        console: where to draw; bars only where it is a terminal.
        n_cells: cells of the whole bench.
    """

    def __init__(self, console: Console, n_cells: int) -> None:
        self._console = console
        self._live = console.is_interactive
        narrow = console.width < 100
        self._bars = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=24 if narrow else 40)),
            *([] if narrow else [BarColumn(bar_width=20)]),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._all = self._bars.add_task("cells", total=n_cells, note="")
        self._tasks: dict[str, TaskID] = {}
        self._phases: dict[str, _Phase] = {}
        self._activity: dict[str, str] = {}
        self._times = CellTimes()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begins(self, cell: Cell, device: str) -> None:
        """Add a bar for a cell that starts on `device`."""
        self._times.begins(cell)
        self._forget_phase(cell)
        self._tasks[cell.key] = self._bars.add_task(escape(cell.label), total=None, note=f"starting on {device}")
        self._say(f"{shown_name(cell)}: starting on {device}")

    def waits(self, cell: Cell) -> None:
        """Say that another process runs the cell; called once."""
        self._console.print(f"{shown_name(cell)}: another process runs this cell, waiting for its result")

    def reports(self, cell: Cell, event: Event) -> None:
        """Move the bar of a cell as its worker reports a phase or a step; print what it warns of."""
        task = self._tasks[cell.key]
        self._times.reports(cell, event)
        if isinstance(event, Queued):
            self._forget_phase(cell)
            self._bars.reset(task, total=None, note="waits in the queue")
            self._say(f"{shown_name(cell)}: waits in the queue")
        elif isinstance(event, PhaseStarted):
            before = self._phases.get(cell.key)
            self._phases[cell.key] = _Phase(event.phase, time.monotonic())
            self._bars.reset(task, total=None, note=event.phase)
            self._say(f"{shown_name(cell)}: {event.phase}{'' if before is None else f', after {before.told()}'}")
        elif isinstance(event, Progressed):
            self._progresses(cell, event, task)
        elif isinstance(event, CellLost):
            phase = self._phases.get(cell.key)
            reached = "" if phase is None else f" (in {phase.reached()})"
            self.says(f"[yellow]! {shown_name(cell)}: {escape(event.reason)}{reached}; it is started again[/]")
        elif isinstance(event, Warned):
            self.says(f"[yellow]! {shown_name(cell)}: {escape(event.text)}[/]")

    def ends(self, settled_cell: SettledCell) -> None:
        """Replace the bar of a cell by a line that says how it ended."""
        cell = settled_cell.cell
        self.removes(cell)
        self._bars.advance(self._all)
        name = shown_name(cell)
        unsupported = settled_cell.ending.status is Status.UNSUPPORTED
        if not settled_cell.ran:
            if unsupported:
                self._console.print(f"[dim]– {name}: unsupported, as before[/]", highlight=False)
            else:
                say_finished_before(self._console, cell, recorded_now=settled_cell.finished is not None)
            return
        if unsupported:
            self._console.print(f"– {name}: unsupported: {escape(settled_cell.ending.reason)}", highlight=False)
            return
        if settled_cell.ending.status is Status.UNRECORDED:
            self._console.print(f"[yellow]… {name}: finished; {escape(settled_cell.ending.reason)}[/]", highlight=False)
            return
        took_s = self._times.ends(cell)
        if settled_cell.ending.status is Status.FINISHED:
            took = "finished" if took_s is None else as_time(took_s)
            self._console.print(f"[green]✓[/] {name}: {took}", highlight=False)
            return
        reason = escape(settled_cell.ending.reason)
        # The reason of a cell that was ended for its time says how long it had taken, without ending and recording it.
        after = "" if took_s is None or settled_cell.ending.status is Status.TIMED_OUT else f" after {as_time(took_s)}"
        self._console.print(f"[red]✗ {name}: {settled_cell.ending.status}{after}: {reason}[/]", highlight=False)
        if settled_cell.log is not None:  # on a line of its own, so that it can be clicked and copied
            self._console.print(f"  its traceback and output: {escape(str(settled_cell.log))}", soft_wrap=True)

    def removes(self, cell: Cell) -> None:
        """Remove the bar of a cell, if it has one."""
        if cell.key in self._tasks:
            self._bars.remove_task(self._tasks.pop(cell.key))

    def advances(self, done: int) -> None:
        """Set how many of the whole are done."""
        self._bars.update(self._all, completed=done)

    def says(self, line: str) -> None:
        """Print a line above the bars; it may hold rich's markup."""
        self._console.print(line, highlight=False, soft_wrap=True)

    def _forget_phase(self, cell: Cell) -> None:
        """Forget what an attempt before, or an earlier start of the cell, was doing."""
        self._phases.pop(cell.key, None)
        self._activity.pop(cell.key, None)

    def _progresses(self, cell: Cell, event: Progressed, task: TaskID) -> None:
        activity, unit = as_one_line(event.activity, LONGEST_ACTIVITY), as_one_line(event.unit, LONGEST_UNIT)
        phase = self._phases.get(cell.key)
        if activity != self._activity.get(cell.key):
            self._activity[cell.key] = activity
            self._bars.reset(task)  # so that the time left is that of this activity
            if phase is None or activity != phase.name:  # "expert digits" within the phase prepare
                counted = f", {event.total} {unit}" if unit else ""
                self._say(f"{shown_name(cell)}: {escape(activity + counted)}")
        if phase is not None and activity == phase.name:
            phase.counted, phase.step = f"{event.total} {unit}".strip(), event.step
        metrics = "  ".join(f"{name} {value:.3f}" for name, value in event.metrics.items())
        note = escape("  ".join(filter(None, (unit, activity, metrics))))
        self._bars.update(task, completed=event.step, total=event.total, note=note)

    def _say(self, line: str) -> None:
        """Print what a bar shows at its start, where no bar can be drawn."""
        if not self._live:
            self._console.print(line, highlight=False)
