"""The errors and losses of the members of an evaluated Pareto set.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front
from .example_errors import ExampleErrors


@dataclass(frozen=True)
class Evaluation:
    """Errors and losses of a set's n members on T tasks, in the order the set yields them; all are minimised."""

    error: NDArray[np.float64]
    """Share of wrong answers, in [0, 1], shape (n, T)."""
    loss: NDArray[np.float64]
    """Mean loss, shape (n, T)."""
    preferences: NDArray[np.float64] | None
    """Preferences of the members, shape (n, T); None where they stand for no preference."""
    labels: tuple[str, ...]
    """One label for each member, empty where its preference identifies it."""
    example_errors: ExampleErrors | None = None
    """Which examples each member answers wrongly; None where it is not known, and where a front is read alone."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that was measured and cannot be recorded."""

    def front(self) -> Front:
        """Return the front of per-task errors."""
        return Front(self.error, self.preferences)
