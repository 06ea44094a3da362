"""The direction of losses that a preference asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def wanted_losses(preference: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """1 / r: the larger r_t, the smaller loss t; on this ray all r_t loss_t are equal, as EPO has it.

    Args:
        preference: (..., T) points of the simplex.
        least: smaller weights are raised to it.
    """
    direction: NDArray[np.float64] = 1 / np.maximum(preference, least)
    return direction
