"""Lays out the results of tuning as tables, for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from ..harness.board.columns import TOO_FEW_SEEDS
from ..harness.board.markdown import escape_markdown, markdown_table
from ..harness.scoring.units import as_time
from ..metrics.statistics import MeanInterval
from .comparison import Comparison
from .counted_trials import DEFAULT, WALL_TIME_S, slot
from .record import KEPT, state_of
from .study import OpenStudy

SHOWN = 5
"""How many of the best trials are shown of a study with one objective."""


@dataclass(frozen=True)
class Table:
    """A table of text: a title, a heading, lines, and a note below them."""

    title: str
    heading: Sequence[str]
    lines: Sequence[Sequence[str]]
    note: str

    def for_terminal(self) -> RenderableType:
        """Draw the table with rich."""
        drawn = RichTable(title=escape(self.title), title_justify="left", title_style="bold")
        for i, column in enumerate(self.heading):
            drawn.add_column(escape(column), justify="left" if i == 0 else "right", overflow="fold")
        for line in self.lines:
            drawn.add_row(*map(escape, line))
        return Group(drawn, Text(self.note, style="dim italic")) if self.note else drawn

    def as_markdown(self) -> str:
        """Return the table in GitHub-flavoured Markdown, under a heading and above its remark."""
        table = markdown_table([self.heading, *self.lines], align="l" + "r" * (len(self.heading) - 1))
        parts = [f"### {escape_markdown(self.title)}", table, escape_markdown(self.note)]
        return "\n\n".join(part for part in parts if part)


def trials_table(study: OpenStudy) -> Table:
    """Return the best trials of a study and its default; for several objectives all trials that no other dominates."""
    plan = study.plan
    trials = study.counted().trials
    best = study.best(KEPT)
    if len(plan.objectives) == 1:
        best = best[:SHOWN]
    default = [trial for trial in trials if trial.user_attrs.get(DEFAULT) and trial not in best]
    states = [state_of(trial) for trial in trials]
    ended = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    kind = "Pareto front of the trials" if len(plan.objectives) > 1 else "best trials"
    seeds = ", ".join(map(str, plan.spec.seeds))
    return Table(
        f"{plan.name}: {kind}",
        ["trial", *plan.space.distributions, *(o.heading for o in plan.objectives), "wall time"],
        [_trial_line(study, trial) for trial in [*best, *default]],
        f"{len(trials)} trials: {ended}. Objectives on the validation split, "
        f"{'mean of seeds' if len(plan.spec.seeds) > 1 else 'seed'} {seeds}."
        + (" The default is the best: nothing was gained by tuning." if best[0].user_attrs.get(DEFAULT) else ""),
    )


def _trial_line(study: OpenStudy, trial: FrozenTrial) -> list[str]:
    plan = study.plan
    if trial.state == TrialState.COMPLETE:
        values = [f"{value:.5g}" for value in trial.values]
    else:
        values = [state_of(trial), *[""] * (len(plan.objectives) - 1)]
    return [
        f"{slot(trial)}{' (default)' if trial.user_attrs.get(DEFAULT) else ''}",
        *(_number(trial.params.get(option)) for option in plan.space.distributions),
        *values,
        as_time(trial.user_attrs[WALL_TIME_S]) if WALL_TIME_S in trial.user_attrs else "–",
    ]


def comparison_table(comparison: Comparison, seeds: Sequence[int]) -> Table:
    """Return all learners by one measure on the test split.

    Args:
        comparison: the learners by that measure.
        seeds: the seeds of the test, finished or not.
    """
    goal, lines = comparison.goal, comparison.lines
    shown: dict[str, list[str]] = {"learner": [line.label for line in lines]}
    if any(line.interval.n < len(seeds) for line in lines):
        shown["seeds"] = [f"{line.interval.n} of {len(seeds)}" for line in lines]
    shown["mean"] = [_value(line.interval.mean) for line in lines]
    shown["95 % interval"] = [_ends(line.interval) for line in lines]
    shown["worst seed"] = [_value(line.worst) for line in lines]
    if goal is not None:
        sign = "≥" if comparison.objective.maximize else "≤"
        shown[f"seeds {sign} {goal:g}"] = [f"{line.reached} of {line.interval.n}" for line in lines]
    paired = [line.against_default for line in lines]
    shown["tuned - default"] = ["" if found is None else _value(found.mean, "+") for found in paired]
    shown["its 95 % interval"] = ["" if found is None else _ends(found, "+") for found in paired]
    return Table(
        f"test: {comparison.objective.heading}",
        list(shown),
        list(zip(*shown.values(), strict=True)),
        f"Seeds {', '.join(map(str, seeds))}; intervals by Student's t, differences paired by seed.",
    )


def _ends(interval: MeanInterval, sign: str = "") -> str:
    if interval.low is None or interval.high is None:
        return TOO_FEW_SEEDS
    return f"{_value(interval.low, sign)} to {_value(interval.high, sign)}"


def _value(value: float, sign: str = "") -> str:
    return f"{value:{sign}.4f}" if abs(value) < 1000 else f"{value:{sign},.0f}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
