"""What the page holds of single runs beside their fronts: curves of quality over time, and merge coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import StoreError
from ...board.leaderboard import Row
from .packing import by_column, short

ROUTING_NUMBERS = 200_000
"""Of one run; a larger record is left to its own file."""


def curves(row: Row, kept: int | None) -> dict[str, list[list[float | int | None]]]:
    """Seed -> seconds of the fit, and hypervolume of the set in the making; only where both were recorded."""
    found = {}
    for seed, result in list(row.results.items())[:kept]:
        if curve := result.attempt.quality_over_time():
            found[str(seed)] = [[short(time) for time, _ in curve], [short(value) for _, value in curve]]
    return found


def routing(row: Row) -> Mapping[str, Any] | None:
    """Merge coefficients of the first seed that recorded them; None where none did, or the file is damaged."""
    for seed, result in row.results.items():
        try:
            record = result.attempt.coefficients()
        except StoreError:
            continue
        if record is None:
            continue
        if record.coefficients.size > ROUTING_NUMBERS:
            return None
        return {
            "seed": str(seed),
            "parts": list(record.parts),
            "preferences": by_column(record.preferences),
            # For every preference the columns of its (parts, T) coefficients.
            "coefficients": [by_column(coefficients) for coefficients in record.coefficients],
        }
    return None
