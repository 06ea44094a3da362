"""Learners at several budgets: a board's rows that differ in their optimizer steps alone, as one curve a learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...metrics.ranking import shared_ranks
from ..cells.budgets import without_budget, without_steps
from .leaderboard import Board, Row

NEAR = 1.25
"""Budgets within this factor are one: what is divided among models is rounded down."""


@dataclass(frozen=True)
class BudgetCurve:
    """One learner's rows, the smallest budget first."""

    label: str
    """The label without any budget."""
    budgets: tuple[float, ...]
    """What each row took, see `budget_of`."""
    rows: tuple[Row, ...]

    def within(self, budget: float) -> Row | None:
        """Return the row of the largest budget that is not above `budget`; None where all are above it."""
        found = [row for taken, row in zip(self.budgets, self.rows, strict=True) if taken <= budget]
        return found[-1] if found else None


def budget_curves(board: Board) -> list[BudgetCurve]:
    """Return the curves of the finished rows whose budget is known, in the board's order of their best rows."""
    groups: dict[str, list[tuple[float, Row]]] = {}
    for row in board.rows:
        budget = budget_of(row)
        if budget is not None and "hypervolume" in row.metrics:
            groups.setdefault(_learner(row), []).append((budget, row))
    curves = []
    for members in groups.values():
        members.sort(key=lambda member: member[0])
        budgets, rows = zip(*members, strict=True)
        curves.append(BudgetCurve(without_budget(rows[0].label), budgets, rows))
    return curves


def without_known_budget(board: Board) -> list[str]:
    """Return the labels of the finished rows that no curve holds, since what they took is not recorded."""
    return [row.label for row in board.rows if "hypervolume" in row.metrics and budget_of(row) is None]


def compared_budgets(curves: Sequence[BudgetCurve]) -> list[float]:
    """Return the budgets, ascending, of learners that have several; of all that are near one of these, the largest.

    A learner of one budget that took a little more is compared there, too: that of another had to be divided.
    """
    taken = {budget for curve in curves for budget in curve.budgets}
    found: list[float] = []
    for budget in sorted({budget for curve in curves if len(set(curve.budgets)) > 1 for budget in curve.budgets}):
        if not found or budget > found[-1]:
            found.append(max(other for other in taken if budget <= other <= NEAR * budget))
    return found


def at_budget(board: Board, curves: Sequence[BudgetCurve], budget: float) -> list[tuple[float, int | None] | None]:
    """Return every learner's mean hypervolume within a budget and its rank, which equals share.

    None stands for a learner without a run within the budget, and for the rank of a row that has none on the board.
    """
    rows = [curve.within(budget) for curve in curves]
    ranks = shared_ranks(row.metrics["hypervolume"] for row in rows if row is not None and board.is_ranked(row))
    return [
        None
        if row is None
        else (row.metrics["hypervolume"], ranks[row.metrics["hypervolume"]] if board.is_ranked(row) else None)
        for row in rows
    ]


def best_first(reached: Sequence[tuple[float, int | None] | None]) -> list[int]:
    """Return the positions of learners in order: those with a rank, those without one, those that reached nothing."""

    def place(i: int) -> tuple[int, float]:
        found = reached[i]
        return (2, 0.0) if found is None else (int(found[1] is None), -found[0])

    return sorted(range(len(reached)), key=place)


def counts_examples(board: Board) -> bool:
    """Return whether budgets of a board are examples whose gradients are taken; else they are optimizer steps."""
    return any("gradient_examples" in row.metrics for row in board.rows)


def budget_of(row: Row) -> float | None:
    """Return the examples whose gradients a row's fits took, or their optimizer steps where objectives need no data.

    It is 0 for a learner without optimizer steps, and None where that is not recorded.
    """
    means = row.metrics
    if "gradient_examples" in means:
        return means["gradient_examples"]
    if "training_steps" in means:
        return means["training_runs"] * means["training_steps"]
    return 0.0 if means.get("training_runs") == 0 else None


def _learner(row: Row) -> str:
    """Return a text that rows share whose learners differ in their steps alone."""
    return without_steps(next(iter(row.results.values())).attempt.cell)
