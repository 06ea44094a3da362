"""Make grids of preferences with an interior: a simplex lattice, a second one shrunk to the centre, and the centre."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .preferences import MAX_LATTICE_POINTS, as_preferences, require_integers, shares, simplex_grid_size


def layered_grid(n_tasks: int, points_per_edge: int, inner_points_per_edge: int) -> NDArray[np.float64]:
    """Return a lattice of preferences, a second lattice halfway between its edges and the centre, and the centre.

    A lattice alone has points with a weight on every task only where an edge has more than T points: 126
    preferences for T = 5. Every point of the second lattice, (r + 1/T) / 2 for r of `simplex_grid`, is such a point.

    Source: Deb and Jain, "An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based
    Nondominated Sorting Approach, Part I", IEEE TEVC 18(4), 2014, section V: two layers; the centre is added here.

    Args:
        n_tasks: T >= 1.
        points_per_edge: p >= 2, the points on an edge of the simplex, both its corners included.
        inner_points_per_edge: q >= 2, the points on an edge of the inner layer; it has C(q - 1 + T - 1, T - 1).

    Returns:
        Shape (`layered_grid_size`, T): every preference once, where layers meet too. Order, corners and sums are those
        of `simplex_grid`, whose rows for the same `points_per_edge` are among these to the bit.

    Raises:
        ConfigError: n_tasks < 1, fewer than 2 points on an edge, not integers, or more than a million points.
    """
    n_points = layered_grid_size(n_tasks, points_per_edge, inner_points_per_edge)
    if n_points > MAX_LATTICE_POINTS:
        raise ConfigError(
            f"a grid has at most {MAX_LATTICE_POINTS:,} points; {points_per_edge} points per edge of {n_tasks} tasks "
            f"and {inner_points_per_edge} of the inner layer make {n_points:,}, lower one of them"
        )
    outer, inner = points_per_edge - 1, inner_points_per_edge - 1
    # Over one denominator the coordinates are whole numbers, so that points of two layers are equal or they are not.
    parts = math.lcm(outer, 2 * n_tasks * inner)
    to_centre = parts // (2 * n_tasks)
    counts = np.concatenate(
        [
            shares(n_tasks, outer) * (parts // outer),
            shares(n_tasks, inner) * (parts // (2 * inner)) + to_centre,
            np.full((1, n_tasks), 2 * to_centre),
        ]
    )
    return as_preferences(np.unique(counts, axis=0))


def layered_grid_size(n_tasks: int, points_per_edge: int, inner_points_per_edge: int) -> int:
    """Return the number of preferences of `layered_grid` without making them, however many they are.

    Raises:
        ConfigError: n_tasks < 1, fewer than 2 points on an edge, or not integers.
    """
    require_integers(
        n_tasks=(n_tasks, 1),
        points_per_edge=(points_per_edge, 2),
        inner_points_per_edge=(inner_points_per_edge, 2),
    )
    n_tasks, *layers = map(int, (n_tasks, points_per_edge, inner_points_per_edge))  # NumPy's too
    centre = all((points - 1) % n_tasks for points in layers)  # else a lattice holds it
    apart = sum(simplex_grid_size(n_tasks, points) for points in layers) + centre
    return apart - _shared(n_tasks, layers[0] - 1, layers[1] - 1)


def _shared(n_tasks: int, outer: int, inner: int) -> int:
    """Return how many points a lattice of `outer` steps shares with the inner layer of `inner` steps.

    The outer coordinate of the inner layer's b is n (T b + m) / (2 T m), for n outer and m inner steps. It is whole
    where b solves a linear congruence: where b = least + period * k for a whole k. What is left is to share
    m - T * least in whole periods.
    """
    common = math.gcd(outer, 2 * inner)
    if outer * inner % (n_tasks * common):
        return 0
    period = 2 * inner // common
    least = -(outer * inner // (n_tasks * common)) * pow(outer // common, -1, period) % period
    left = inner - n_tasks * least
    if left < 0 or left % period:
        return 0
    return math.comb(left // period + n_tasks - 1, n_tasks - 1)
