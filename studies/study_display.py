"""Show a study while it runs: its cells as in a bench, and a line for every trial that has ended."""

from __future__ import annotations

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.markup import escape

from ..harness.commands.display import Display
from ..harness.records.database_lock import say_on_standard_error
from ..harness.running.settled_cell import SettledCell
from .counted_trials import DISCARDED, REASON, settled, slot
from .study import OpenStudy, Plan


class StudyDisplay(Display):
    """Draws the progress of a study and of its cells, and prints how every trial ended.

    Args:
        console: the console to draw on; bars are drawn only where it is a terminal.
        plan: the study's plan.
    """

    def __init__(self, console: Console, plan: Plan) -> None:
        super().__init__(console, plan.spec.trials)
        self._plan = plan

    def ends(self, settled_cell: SettledCell) -> None:
        """Remove the bar of a cell; the line of its trial says more than one of the cell would."""
        self.removes(settled_cell.cell)

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """Print one line about a trial that has ended: its values, or why it has none."""
        done = sum(settled(other) for other in study.counted().trials)
        self.advances(done)
        options = ", ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
        name = escape(f"{self._plan.name} trial {slot(trial)} ({options})")
        if DISCARDED in trial.user_attrs:
            self.says(f"[dim]– {name}: not run, {escape(trial.user_attrs[DISCARDED])}[/]")
        elif trial.state == TrialState.COMPLETE:
            values = ", ".join(
                f"{o.measure} {value:.5g}" for o, value in zip(self._plan.objectives, trial.values, strict=True)
            )
            self.says(f"[green]✓[/] {name}: {values}{self._best(study, trial)} [{done}/{self._plan.spec.trials}]")
        elif not settled(trial):
            self.says(f"[yellow]– {name}: ended from outside, to be tried again[/]")
        else:
            mark = "–" if trial.state == TrialState.PRUNED else "[red]✗[/]"
            self.says(f"{mark} {name}: {escape(trial.user_attrs[REASON])} [{done}/{self._plan.spec.trials}]")

    def noted(self, note: str) -> None:
        """Print what could not be drawn."""
        say_on_standard_error(note)

    def _best(self, study: OpenStudy, trial: FrozenTrial) -> str:
        best = study.best(1)
        if len(self._plan.objectives) > 1 or not best:
            return ""
        return ", the best so far" if slot(best[0]) == slot(trial) else f" (best {best[0].values[0]:.5g})"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
