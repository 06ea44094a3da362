"""Learners at several budgets: a board's rows that differ in their optimizer steps alone, as one curve a learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..cells.budgets import without_budget, without_steps
from .leaderboard import Board, Row

NEAR = 1.1
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
    """Return the budgets, ascending, of learners that have several; of budgets that are near, the largest."""
    found: list[float] = []
    lowest = np.inf
    for budget in sorted({budget for curve in curves if len(set(curve.budgets)) > 1 for budget in curve.budgets}):
        if found and budget <= NEAR * lowest:
            found[-1] = budget
        else:
            found.append(budget)
            lowest = budget
    return found


def budget_of(row: Row) -> float | None:
    """Return the examples whose gradients a row's fits took, or their optimizer steps where objectives need no data.

    It is 0 for a learner without optimizer steps, and None where that is not recorded.
    """
    means = row.metrics
    if "gradient_examples" in means:
        return means["gradient_examples"]
    if "training_steps" in means:
        return means["training_runs"] * means["training_steps"]
    return None


def _learner(row: Row) -> str:
    """Return a text that rows share whose learners differ in their steps alone."""
    return without_steps(next(iter(row.results.values())).attempt.cell)
