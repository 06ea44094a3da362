"""Statistics over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class MeanInterval:
    """A mean and where the true one is expected."""

    mean: float
    low: float | None
    """End of the interval; None for a single value, which says nothing about others."""
    high: float | None
    n: int
    """Values it was made of."""


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> MeanInterval:
    """The mean of one value or more with Student's t interval, which holds for few values too.

    Args:
        values: independent draws, one a seed; for a paired comparison the differences seed by seed.
        confidence: share of such intervals that hold the true mean, if values are normally distributed.

    Raises:
        ValueError: no value, or one that is NaN or infinite.
    """
    found = np.asarray(values, dtype=np.float64)
    if not len(found) or not np.isfinite(found).all():
        raise ValueError(f"expected one finite value or more, found {found.tolist()}")
    mean = float(found.mean())
    if len(found) == 1:
        return MeanInterval(mean, None, None, 1)
    half = float(stats.t.ppf((1 + confidence) / 2, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    return MeanInterval(mean, mean - half, mean + half, len(found))
