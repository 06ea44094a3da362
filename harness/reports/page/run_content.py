"""The page's data of single runs beside their fronts: curves of quality over time, and merge coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....errors import StoreError
from ...board.leaderboard import Row
from ...records.coefficients import MergeCoefficients
from .packing import by_column, short
from .texts import preference_text

MOST_COEFFICIENTS = 200_000
"""The most coefficients of one run that the page holds; a larger record is left to its own file."""


def curves(row: Row, kept: int | None) -> dict[str, list[list[float | int | None]]]:
    """Return, by seed, the seconds of the fit and the hypervolumes of the partial set, where both were recorded."""
    found = {}
    for seed, result in list(row.results.items())[:kept]:
        if curve := result.attempt.quality_over_time():
            found[str(seed)] = [[short(time) for time, _ in curve], [short(value) for _, value in curve]]
    return found


def coefficients(row: Row) -> Mapping[str, Any] | None:
    """Return the merge coefficients of the first seed with a readable record; None without one, or if too many."""
    for seed, result in row.results.items():
        try:
            record = result.attempt.coefficients()
        except StoreError:
            continue
        if record is None:
            continue
        if record.coefficients.size > MOST_COEFFICIENTS:
            return None
        return {
            "seed": str(seed),
            "parts": list(record.parts),
            "preferences": by_column(record.preferences),
            "texts": [preference_text(weights, record.tasks) for weights in record.preferences.tolist()],
            "corners": [record.nearest(corner) for corner in np.eye(len(record.tasks))],
            "limits": _limits(record),
            # One entry per preference: the columns of its (parts, T) coefficients.
            "values": [by_column(of_parts) for of_parts in record.coefficients],
        }
    return None


def _limits(record: MergeCoefficients) -> tuple[float | int | None, float | int | None]:
    """Return the ends of the colour scale: from 0, or with 0 in the middle where some coefficients are negative."""
    least, most = float(record.coefficients.min()), float(record.coefficients.max())
    if least >= -1e-9:
        return 0, short(most) or 1
    return short(min(least, -most)), short(max(-least, most))
