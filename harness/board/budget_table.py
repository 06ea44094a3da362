"""The table of quality and rank at each budget, for boards whose learners were run at several."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...errors import ConfigError
from ..scoring.measures import MEASURES
from ..scoring.units import as_rough_count, as_rough_counts
from .budget_curves import Reached, at_budget, best_first, budget_curves, compared_budgets
from .budget_notes import budget_notes
from .columns import MISSING
from .leaderboard import Board
from .markdown import escape_markdown, markdown_table

EXPERTS = "experts' fine-tuning"
"""The heading of the column that says what the experts took which a learner uses."""


def by_budget_table(board: Board) -> RenderableType:
    """Return the table of a board of several budgets for the terminal."""
    heading, *lines = _lines(board)
    table = Table(title=Text(board.name), title_justify="left", title_style="bold")
    for i, name in enumerate(heading):
        table.add_column(name, justify="left" if i == 0 else "right", overflow="fold", no_wrap=i != 0)
    for line in lines:
        table.add_row(*map(Text, line))
    return Group(table, Text(" ".join(budget_notes(board)), style="dim italic"))


def by_budget_markdown(boards: Sequence[Board]) -> str:
    """Return the tables of boards of several budgets as GitHub-flavoured Markdown, each with heading and caption."""
    parts = []
    for board in boards:
        lines = _lines(board)
        table = markdown_table(lines, align="l" + "r" * (len(lines[0]) - 1))
        caption = escape_markdown(" ".join(budget_notes(board)))
        parts.append(f"### {escape_markdown(board.name)}\n\n{table}\n\n{caption}")
    return "\n\n".join(parts)


def with_budgets(boards: Sequence[Board]) -> list[Board]:
    """Return the boards that have a learner at several budgets; raise ConfigError where none has."""
    found = [board for board in boards if compared_budgets(budget_curves(board))]
    if not found:
        raise ConfigError(
            "expected learners that were run at several budgets, found none; run a bench with `budgets`, such "
            "as studies/budget.yaml"
        )
    return found


def _lines(board: Board) -> list[list[str]]:
    """Return the heading and a line for every learner, the best at the largest budget first."""
    curves = budget_curves(board)
    budgets = compared_budgets(curves)
    columns = [at_budget(board, curves, budget) for budget in budgets]
    experts = [curve.rows[-1].metrics.get("expert_gradient_examples") for curve in curves]
    shows_experts = any(count is not None for count in experts)
    heading = ["learner", *as_rough_counts(budgets), *([EXPERTS] if shows_experts else [])]
    lines = []
    for i in best_first(columns[-1]):
        cells = [_shown(column[i]) for column in columns]
        if shows_experts:
            of_experts = experts[i]
            cells.append(MISSING if of_experts is None else as_rough_count(of_experts))
        lines.append([curves[i].label, *cells])
    return [heading, *lines]


def _shown(reached: Reached | None) -> str:
    if reached is None:
        return MISSING
    return MEASURES["hypervolume"].text(reached.hypervolume) + ("" if reached.rank is None else f" ({reached.rank})")
