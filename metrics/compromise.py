"""Tell the quality of a front's best compromise from that of the front: how far one answer alone gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .front import Front
from .hypervolume import Hypervolume, hypervolume


def compromise_share(front: Front, reference_point: ArrayLike, volume: Hypervolume | None = None) -> float | None:
    """Return the share of a minimised front's hypervolume that its best single answer alone reaches, in (0, 1].

    That is max_i prod_t (z_t - f_it) over the hypervolume at the same reference point z, over the answers i that lie
    within it. It is 1 where one answer does as well as all of them together, so that there is nothing to choose; what
    is left is what the other answers add. A large hypervolume with a share near 1 is that of a good compromise, not
    of a good front.

    Args:
        front: n points of T objectives.
        reference_point: z, shape (T,).
        volume: the front's hypervolume at that point, if it is known already.

    Returns:
        None where the hypervolume is 0; at most 1 where it is an estimate.

    Raises:
        FrontError: as `hypervolume`.
    """
    whole = hypervolume(front, reference_point) if volume is None else volume
    if not whole.value > 0:
        return None
    sides = np.maximum(np.asarray(reference_point, dtype=np.float64) - front.objectives, 0.0)
    return min(1.0, float(sides.prod(axis=1).max()) / whole.value)
