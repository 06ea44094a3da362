"""`ls`: linear scalarization, one fine-tuning a preference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..scalarization import Linear, Scalarization
from .fine_tuned import FineTuned


class Ls(FineTuned):
    """Minimises sum_t r_t loss_t over all weights; on a concave front only its ends can be reached."""

    name: ClassVar[str] = "ls"

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """Linear."""
        return Linear()
