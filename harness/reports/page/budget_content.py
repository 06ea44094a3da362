"""The page's data of quality at each budget: a curve a learner, and what each has reached at every budget."""

from __future__ import annotations

from typing import Any

from ...board.budget_curves import Reached, at_budget, best_first, budget_curves, budget_unit, compared_budgets
from ...board.budget_notes import budget_notes
from ...board.leaderboard import Board
from ...scoring.measures import MEASURES
from ...scoring.units import as_rough_counts
from .packing import short


def budget_content(board: Board) -> dict[str, Any] | None:
    """Return the curves and, by budget, learners in order with hypervolume and rank; None without several budgets."""
    curves = budget_curves(board)
    budgets = compared_budgets(curves)
    if not budgets:
        return None
    columns = [at_budget(board, curves, budget) for budget in budgets]
    return {
        "unit": budget_unit(board),
        "budgets": [[short(budget), text] for budget, text in zip(budgets, as_rough_counts(budgets), strict=True)],
        "curves": [
            {
                "key": curve_key(curve.label),
                "name": curve.label,
                "at": [short(budget) for budget in curve.budgets],
                "reached": [short(row.metrics["hypervolume"]) for row in curve.rows],
            }
            for curve in curves
        ],
        "ranking": [[[i, _shown(column[i])] for i in best_first(column)] for column in columns],
        "notes": " ".join(budget_notes(board)),
    }


def _shown(reached: Reached | None) -> list[float | str | None] | None:
    """Return the hypervolume, its text and the rank."""
    if reached is None:
        return None
    return [short(reached.hypervolume), MEASURES["hypervolume"].text(reached.hypervolume), reached.rank]


def curve_key(label: str) -> str:
    """Return the key that the page knows a learner at all its budgets by; those of single learners are hexadecimal."""
    return f"curve of {label}"
