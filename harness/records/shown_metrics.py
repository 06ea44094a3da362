"""Metrics as MLflow shows them: rounded to what they mean, with memory in megabytes beside its bytes.

Boards compute scores from fronts, whatever MLflow shows; costs they read from MLflow, which is given bytes as counted
and seconds as they were rounded when they were measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

BYTES, MEGABYTES = "_bytes", "_mb"
_DECIMALS = 4
"""Decimals of a score, as everywhere else it is shown."""
_LEAST_DIGITS = 3
"""Significant digits that a small value keeps, however many decimals they take."""


def with_megabytes(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics, and after each that counts bytes the same in megabytes (10^6 bytes), to a tenth."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        found[name] = value
        if name.endswith(BYTES):
            found[f"{name.removesuffix(BYTES)}{MEGABYTES}"] = round(value / 1e6, 1)
    return found


def without_megabytes(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics without those that say the same as their bytes."""
    return {
        name: value
        for name, value in metrics.items()
        if not (name.endswith(MEGABYTES) and f"{name.removesuffix(MEGABYTES)}{BYTES}" in metrics)
    }


def rounded(value: float) -> float:
    """Return a score or an error without the digits that say nothing of what a finite test split measures."""
    return rounded_to(value, _DECIMALS, _LEAST_DIGITS)


def rounded_to(value: float, decimals: int, digits: int) -> float:
    """Return the value with so many decimals, or with more where those would be fewer significant digits than that."""
    if not math.isfinite(value) or float(value).is_integer():
        return float(value)
    return round(float(value), max(decimals, digits - 1 - math.floor(math.log10(abs(value)))))
