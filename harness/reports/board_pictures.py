"""Draw the pictures of one board: hypervolume against cost, budget and time, and every learner's front at one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front
from ..board.leaderboard import Board
from ..board.learner_names import labels
from ..records.store import Store
from ..scoring.shown_fronts import shown_fronts


@dataclass(frozen=True)
class BoardPictures:
    """The content of the pictures of one board, which is sent to the process that draws them."""

    board: Board
    curves: Mapping[str, Sequence[NDArray[np.float64]]]
    """Seconds of the fit and hypervolumes, shape (2, n), of every probed seed, by the learner's label."""
    fronts: Mapping[str, Front]
    """Every learner's front at `seed`, by its label."""
    seed: int
    """The lowest seed that some learner has finished."""

    @classmethod
    def of(cls, board: Board, store: Store) -> Self | None:
        """Return the pictures of a board; None where no cell has finished."""
        if not any(row.seeds for row in board.rows):
            return None
        names = labels([board])
        curves = {
            names[row.key]: curves
            for row in board.rows
            if (curves := [np.array(c).T for r in row.results.values() if (c := r.attempt.quality_over_time())])
        }
        seed = min(seed for row in board.rows for seed in row.seeds)
        rows = [row for row in board.rows if seed in row.results]
        shown = shown_fronts(store, [row.results[seed] for row in rows])
        fronts = {
            names[row.key]: Front(content["objectives"], content["preferences"])
            for row, content in zip(rows, shown, strict=True)
        }
        return cls(board, curves, fronts, seed)

    def draw(self, folder: Path) -> None:
        """Write the pictures to an existing folder."""
        from ..board.budget_curves import budget_curves, compared_budgets
        from .pictures.budget_figure import budget_figure
        from .pictures.cost_png import cost_png
        from .pictures.front_figure import front_figure
        from .pictures.front_html import front_html
        from .pictures.progress_png import progress_png

        board, name = self.board, file_name(self.board)
        cost_png(board, folder / f"cost-{name}.png", title=f"Quality against cost: {board.name}")
        if compared_budgets(budget_curves(board)):
            budget_figure(board, folder / f"budget-{name}.png", title=f"Quality at each budget: {board.name}")
        if self.curves:
            progress_png(self.curves, folder / f"progress-{name}.png", title=f"Quality over time: {board.name}")
        for draw, ending in ((front_figure, "png"), (front_html, "html")):
            draw(
                self.fronts,
                board.tasks,
                folder / f"fronts-{name}.{ending}",
                title=f"{board.suite}: {', '.join(board.tasks)} (seed {self.seed})",
                reference_point=board.reference_point,
            )


def file_name(board: Board) -> str:
    """Return the tasks and grid of a board, which identify it in the names of files and metrics."""
    cell = next((result.attempt.cell for row in board.rows for result in row.results.values()), None)
    grid = "none" if cell is None else str(cell.points_per_edge)
    if cell is not None and cell.inner_points_per_edge:
        grid += f"-inner{cell.inner_points_per_edge}"
    return f"{'-'.join(board.tasks)}-{grid}"
