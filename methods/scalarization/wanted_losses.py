"""The direction of losses that a preference asks for."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..ranges import Range

MinPreference: TypeAlias = Annotated[float, Field(gt=0, lt=0.5), Range(1e-3, 0.2, log=True)]
"""The type of the option `min_preference`, to which smaller weights of a preference are raised, since they divide."""


def wanted_losses(preference: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return 1 / r: the larger r_t, the smaller loss t. On this ray all r_t loss_t are equal, as EPO wants them.

    Args:
        preference: (..., T) points of the simplex.
        least: smaller weights are raised to it.
    """
    direction: NDArray[np.float64] = 1 / np.maximum(preference, least)
    return direction
