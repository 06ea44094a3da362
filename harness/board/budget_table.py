"""The table of quality and rank at each budget, for boards whose learners were run at several."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ...errors import ConfigError
from ...metrics.ranking import shared_ranks
from ..scoring.measures import MEASURES
from ..scoring.units import as_rough_count
from .budget_curves import BudgetCurve, budget_curves, compared_budgets, without_known_budget
from .columns import MISSING
from .leaderboard import Board
from .markdown import escape_markdown, markdown_table

EXPERTS = "experts"
"""The heading of the column of the experts' fine-tuning."""


def by_budget_table(board: Board) -> RenderableType:
    """Return the table of a board for the terminal; of one without learners at several budgets, a sentence."""
    text = _lines(board)
    if not text:
        return Text(_no_budgets(board), style="dim italic")
    heading, *lines = text
    table = Table(title=escape(board.name), title_justify="left", title_style="bold")
    for i, name in enumerate(heading):
        table.add_column(name, justify="left" if i == 0 else "right", overflow="fold", no_wrap=i != 0)
    for line in lines:
        table.add_row(*map(escape, line))
    return Group(table, Text(" ".join(_caption(board, heading)), style="dim italic"))


def by_budget_markdown(boards: Sequence[Board]) -> str:
    """Return the tables as GitHub-flavoured Markdown, each with heading and caption."""
    parts = []
    for board in boards:
        lines = _lines(board)
        if lines:
            table = markdown_table(lines, align="l" + "r" * (len(lines[0]) - 1))
            body = f"{table}\n\n{escape_markdown(' '.join(_caption(board, lines[0])))}"
        else:
            body = escape_markdown(_no_budgets(board))
        parts.append(f"### {escape_markdown(board.name)}\n\n{body}")
    return "\n\n".join(parts)


def require_budgets(boards: Sequence[Board]) -> None:
    """Raise ConfigError where no board has a learner at several budgets."""
    if not any(compared_budgets(budget_curves(board)) for board in boards):
        raise ConfigError(
            "expected learners that were run at several budgets, found none; run a bench with `budgets`, such "
            "as studies/budget.yaml"
        )


def ranked(curves: Sequence[BudgetCurve], budget: float) -> list[tuple[float, int] | None]:
    """Return every learner's mean hypervolume within a budget and its rank, which equals share; None without one."""
    reached = [None if (row := curve.within(budget)) is None else row.metrics["hypervolume"] for curve in curves]
    ranks = shared_ranks([value for value in reached if value is not None])
    return [None if value is None else (value, ranks[value]) for value in reached]


def _lines(board: Board) -> list[list[str]]:
    """Return the heading and a line for every learner, the best at the largest budget first; none without budgets."""
    curves = budget_curves(board)
    budgets = compared_budgets(curves)
    if not budgets:
        return []
    columns = [ranked(curves, budget) for budget in budgets]
    experts = [curve.rows[-1].metrics.get("expert_gradient_examples") for curve in curves]
    shows_experts = any(count is not None for count in experts)
    heading = ["learner", *map(as_rough_count, budgets), *([EXPERTS] if shows_experts else [])]
    last = columns[-1]
    order = sorted(range(len(curves)), key=lambda i: found[1] if (found := last[i]) else len(curves) + 1)
    lines = []
    for i in order:
        cells = [_shown(column[i]) for column in columns]
        if shows_experts:
            of_experts = experts[i]
            cells.append(MISSING if of_experts is None else as_rough_count(of_experts))
        lines.append([curves[i].label, *cells])
    return [heading, *lines]


def _caption(board: Board, heading: Sequence[str]) -> list[str]:
    """Return the sentences under a table with this heading: how to read it, and the rows whose budget nobody knows."""
    counts_examples = any("gradient_examples" in row.metrics for row in board.rows)
    unit = "examples whose gradients are taken" if counts_examples else "optimizer steps"
    said = [
        f"A budget is a number of {unit}, in all trainings of a learner together.",
        "A cell holds the mean HV reached within that budget, and its rank in brackets (1 is best).",
        "The HV is that of the learner's largest run within the budget.",
        f"{MISSING}: all its runs took more.",
    ]
    if EXPERTS in heading:
        said.append(f"The column {EXPERTS} counts the examples of the experts' fine-tuning, which no budget includes.")
    if unknown := ", ".join(without_known_budget(board)):
        said.append(f"Not ranked here, since what they took is not recorded: {unknown}.")
    return said


def _shown(reached: tuple[float, int] | None) -> str:
    return MISSING if reached is None else f"{MEASURES['hypervolume'].text(reached[0])} ({reached[1]})"


def _no_budgets(board: Board) -> str:
    return f"{board.name}: no learner was run at several budgets."
