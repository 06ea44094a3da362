"""Round seconds where they are measured, so that sums, curves and what MLflow shows are those recorded."""

from ..records.shown_metrics import rounded_to

DECIMALS = 3
LEAST_DIGITS = 4
"""Significant digits that a short time keeps, however many decimals they take."""


def rounded_seconds(value: float) -> float:
    """Return a time without the digits that no two runs share."""
    return rounded_to(value, DECIMALS, LEAST_DIGITS)
