"""`mgda`: multiple-gradient descent, one model for no preference in particular."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..scalarization import Scalarization
from ..scalarization.gramian import Mgda
from .fine_tuned import FineTuned


class MgdaDescent(FineTuned):
    """Follows the shortest convex combination of the gradients until it vanishes (Désidéri 2012; arXiv 1810.04650)."""

    name: ClassVar[str] = "mgda"
    follows_preference = False

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """MGDA."""
        return Mgda()
