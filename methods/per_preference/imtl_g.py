"""`imtl-g`: impartial multi-task learning, one model for no preference in particular."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..scalarization import Scalarization
from ..scalarization.gramian import ImtlG
from .fine_tuned import FineTuned


class ImtlGDescent(FineTuned):
    """Follows the direction with equal projections on all normalised gradients (Liu et al., ICLR 2021)."""

    name: ClassVar[str] = "imtl-g"
    follows_preference = False

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """IMTL-G."""
        return ImtlG()
