"""Make JSON values small, and safe to stand inside a page."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 5
"""The number of significant digits that a page keeps of a number."""


def short(value: float | None) -> float | int | None:
    """Return the number with `DIGITS` significant digits; None for what JSON cannot say (NaN, infinity)."""
    if value is None or not math.isfinite(value):
        return None
    kept = float(f"{value:.{DIGITS}g}")
    return int(kept) if kept.is_integer() else kept


def by_column(points: ArrayLike) -> list[list[float]]:
    """Return the columns of finite points of shape (n, T), with `DIGITS` significant digits of the largest.

    Numbers that are alike stand together, which compresses better.
    """
    found = np.asarray(points, dtype=np.float64)
    largest = float(np.abs(found).max(initial=0.0))
    decimals = DIGITS - 1 - math.floor(math.log10(largest)) if largest > 0 else 0
    columns: list[list[float]] = found.round(min(decimals, 300)).T.tolist()
    return columns


def in_script(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in, whatever text it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def packed(text: str) -> str:
    """Return gzip in base64, which a browser inflates by itself; the same text is always packed the same."""
    return base64.b64encode(gzip.compress(text.encode(), 5, mtime=0)).decode("ascii")
