"""The page's data of quality against cost: which learners no other beats, and which costs differ much."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...board.leaderboard import Board
from ...scoring.measures import COSTS, INDICATOR_MEASURES
from ..pictures.cost_png import unbeaten
from ..pictures.figure import is_wide


def cost_content(board: Board) -> dict[str, Any]:
    """Return the positions of unbeaten rows by quality and cost, cheapest first, and the costs with a wide range."""
    means = {
        name: np.array([row.intervals[name].mean if name in row.intervals else np.nan for row in board.rows])
        for name in (*INDICATOR_MEASURES, *COSTS)
    }
    known = {name: np.isfinite(values) for name, values in means.items()}
    best: dict[str, dict[str, list[int]]] = {}
    for quality, measure in INDICATOR_MEASURES.items():
        for cost in COSTS if measure.directed else ():
            rows = np.flatnonzero(known[quality] & known[cost])
            if len(rows):
                found = unbeaten(means[cost][rows], means[quality][rows], maximize=measure.maximize)
                best.setdefault(quality, {})[cost] = rows[found].tolist()
    # A cost of 0 stands on no logarithmic axis, so it has no say in whether there should be one.
    wide = [name for name in COSTS if is_wide(means[name][means[name] > 0].tolist())]
    return {"unbeaten": best, "wide": wide}
