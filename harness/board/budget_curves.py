"""Learners at several budgets: a board's rows that differ in their optimizer steps alone, as one curve a learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...metrics.ranking import shared_ranks
from ..cells.budgets import without_budget
from .leaderboard import Board, Row
from .learner_names import told_apart

NEAR = 1.25
"""Budgets of two learners within this factor are one: what is divided among models is rounded down, a step each."""


@dataclass(frozen=True)
class BudgetCurve:
    """One learner's rows, the smallest budget first."""

    label: str
    """The label without any budget; of learners that would share one, with part of their key."""
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
            groups.setdefault(row.key_without_steps or row.key, []).append((budget, row))
    found = [sorted(members, key=lambda member: member[0]) for members in groups.values()]
    names = told_apart({members[0][1].key: _name_of(members[0][1]) for members in found})
    curves = []
    for members in found:
        budgets, rows = zip(*members, strict=True)
        curves.append(BudgetCurve(names[rows[0].key], budgets, rows))
    return curves


def _name_of(row: Row) -> str:
    """Return the label of a row without a budget that was added to it."""
    return without_budget(row.label, next(iter(row.results.values())).attempt.cell.options)


def without_known_budget(board: Board) -> list[str]:
    """Return the labels of the finished rows that no curve holds, since what they took is not recorded."""
    return [row.label for row in board.rows if "hypervolume" in row.metrics and budget_of(row) is None]


def compared_budgets(curves: Sequence[BudgetCurve]) -> list[float]:
    """Return the budgets, ascending, of learners that have several; of those that are near, the largest of any learner.

    Two budgets of one learner are never one.
    """
    several = [set(curve.budgets) for curve in curves if len(set(curve.budgets)) > 1]
    near: list[list[float]] = []
    for budget in sorted(set().union(*several)):
        joins = near and budget <= NEAR * near[-1][0]
        if joins and not any(budget in one and one & set(near[-1]) for one in several):
            near[-1].append(budget)
        else:
            near.append([budget])
    ends = [*(members[0] for members in near), np.inf][1:]
    taken = {budget for curve in curves for budget in curve.budgets}
    return [
        max(budget for budget in taken if members[-1] <= budget <= max(members[-1], NEAR * members[0]) and budget < end)
        for members, end in zip(near, ends, strict=True)
    ]


class Reached(NamedTuple):
    """What a learner has reached within a budget."""

    hypervolume: float
    rank: int | None
    """Among all learners there, which equals share; None for a row that has none on the board."""


def at_budget(board: Board, curves: Sequence[BudgetCurve], budget: float) -> list[Reached | None]:
    """Return what every learner has reached within a budget; None where it has no run within it."""
    rows = [curve.within(budget) for curve in curves]
    volumes = [None if row is None else row.metrics["hypervolume"] for row in rows]
    ranked = [row is not None and board.is_ranked(row) for row in rows]
    ranks = shared_ranks(volume for volume, has in zip(volumes, ranked, strict=True) if volume is not None and has)
    return [
        None if volume is None else Reached(volume, ranks[volume] if has else None)
        for volume, has in zip(volumes, ranked, strict=True)
    ]


def best_first(reached: Sequence[Reached | None]) -> list[int]:
    """Return the positions of learners in order: those with a rank, those without one, those that reached nothing."""

    def place(i: int) -> tuple[int, float]:
        found = reached[i]
        return (2, 0.0) if found is None else (int(found.rank is None), -found.hypervolume)

    return sorted(range(len(reached)), key=place)


def budget_unit(board: Board) -> str:
    """Return what the budgets of a board are numbers of."""
    counts_examples = any("gradient_examples" in row.metrics for row in board.rows)
    return "gradients of examples in training" if counts_examples else "optimizer steps"


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
