"""What an evaluated Pareto set is recorded as: errors and losses of its members. Starts without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front


@dataclass(frozen=True)
class Evaluation:
    """n evaluated members of a set, in the order in which the set yields them; all minimised."""

    error: NDArray[np.float64]
    """(n, T) share of wrong answers."""
    loss: NDArray[np.float64]
    """(n, T) mean loss."""
    preferences: NDArray[np.float64] | None
    """(n, T); None for members that stand for no preference."""
    labels: tuple[str, ...]
    """One a member, empty where its preference says it all."""

    def front(self) -> Front:
        """The front of per-task error."""
        return Front(self.error, self.preferences)
