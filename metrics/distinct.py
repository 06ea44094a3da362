"""Count the answers of a set that are different; a set that ignores its preference gives one, however often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canonical import require_front
from .front import Front

_LOSS_DIGITS = 5
"""Significant digits of a loss that count: beyond them the same model differs from pass to pass on a GPU."""


def distinct_answers(front: Front, losses: NDArray[np.float64] | None = None) -> int:
    """Return how many answers of a front are different, from 1 to n.

    Two answers are the same where all their errors are equal, and all their losses to five significant digits: few
    test examples make errors of different models equal, but not their losses.

    Args:
        front: n points of T objectives.
        losses: shape (n, T); NaN counts as a value. None where errors alone are known.

    Returns:
        The number of different rows.
    """
    require_front(front)
    rows = front.objectives if losses is None else np.hstack([front.objectives, _rounded(losses)])
    return len(np.unique(rows, axis=0))


def _rounded(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return losses to a few significant digits; one number, -1, for all that are not finite."""
    finite = np.where(np.isfinite(losses), losses, -1.0)
    mantissas, exponents = np.frexp(finite)
    steps = 10.0**_LOSS_DIGITS
    return np.asarray(np.ldexp(np.round(mantissas * steps) / steps, exponents) + 0.0)  # without -0.0
