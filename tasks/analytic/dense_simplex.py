"""A lattice over the simplex that is as dense as a reference front may be."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...metrics import simplex_grid


def dense_simplex(n_tasks: int) -> NDArray[np.float64]:
    """Return the finest lattice (n, T) of at most 2000 points, 1000 on the segment of T = 2, corners included."""
    if n_tasks == 1:
        return np.ones((1, 1))
    most = 1000 if n_tasks == 2 else 2000
    points_per_edge = 2
    while math.comb(points_per_edge + n_tasks - 1, n_tasks - 1) <= most:
        points_per_edge += 1
    return simplex_grid(n_tasks, points_per_edge)
