"""Check preferences, points of the simplex with one weight a task, and make the grids that fronts are evaluated on."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigError, PreferenceError

SIMPLEX_TOLERANCE = 1e-6  # float32 weights of a hundred tasks still sum to 1 within it
MAX_LATTICE_POINTS = 1_000_000


def check_preference(preference: ArrayLike, n_tasks: int) -> NDArray[np.float64]:
    """Return a preference as a checked float64 array; a larger weight means that the task matters more.

    Args:
        preference: shape (n_tasks,), no weight negative, the sum 1; both to 1e-6, so that ``1 - a - b`` and
            float32 weights pass.
        n_tasks: how many weights are expected.

    Returns:
        A new array of shape (n_tasks,). Negative rounding residue is set to 0, all else is kept to the bit.

    Raises:
        PreferenceError: wrong length, NaN or infinite weights, a negative weight or a sum other than 1.
    """
    try:
        weights = np.array(preference, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PreferenceError(f"a preference is {n_tasks} numbers that sum to 1; found {preference!r}") from error
    if weights.shape != (n_tasks,):
        raise PreferenceError(
            f"a preference has one weight for each of the {n_tasks} tasks; found shape {weights.shape}"
        )
    if not np.isfinite(weights).all():
        raise PreferenceError(f"the weights of a preference are finite; found {weights.tolist()}")
    if weights.min() < -SIMPLEX_TOLERANCE:
        raise PreferenceError(f"the weights of a preference are not negative; found {weights.tolist()}")
    total = math.fsum(weights)
    if abs(total - 1.0) > SIMPLEX_TOLERANCE:
        raise PreferenceError(
            f"the weights of a preference sum to 1; {weights.tolist()} sum to {total:.9g}, "
            "divide each weight by that sum"
        )
    return np.where(weights > 0.0, weights, 0.0)


def find_preference(held: NDArray[np.float64], preference: NDArray[np.float64], *, within: float) -> int | None:
    """Return the position of a preference among those held; None where none is that near.

    Args:
        held: preferences, shape (n, T); a row with NaN is no preference.
        preference: shape (T,).
        within: the most that each weight may differ by.
    """
    distances = np.abs(held - preference).max(axis=1)
    distances[np.isnan(distances)] = np.inf
    nearest = int(distances.argmin())
    return nearest if distances[nearest] <= within else None


def simplex_grid(n_tasks: int, points_per_edge: int) -> NDArray[np.float64]:
    """Return the Das-Dennis lattice of preferences: every way to share p - 1 equal parts among T tasks.

    Source: Das and Dennis, "Normal-Boundary Intersection", SIAM J. Optim. 8(3), 1998.

    Args:
        n_tasks: T >= 1.
        points_per_edge: p >= 1, the points on an edge of the simplex, both its corners included; 1 for the centre
            alone, where no task matters more than another.

    Returns:
        Shape (C(p - 1 + T - 1, T - 1), T), rows in ascending lexicographic order: the first row is all weight
        on the last task, the last row all weight on the first. Unit vectors are exact, and the exact sum of
        a row rounds to 1.0 (``math.fsum(row) == 1.0``).

    Raises:
        ConfigError: n_tasks < 1, points_per_edge < 1, not integers, or more than a million points.
    """
    n_points = simplex_grid_size(n_tasks, points_per_edge)
    if n_points > MAX_LATTICE_POINTS:
        raise ConfigError(
            f"a grid has at most {MAX_LATTICE_POINTS:,} points; {points_per_edge} points per edge of "
            f"{n_tasks} tasks make {n_points:,}, lower points_per_edge"
        )
    if points_per_edge == 1:
        return as_preferences(np.ones((1, n_tasks), dtype=np.int64))
    return as_preferences(shares(n_tasks, points_per_edge - 1))


def simplex_grid_size(n_tasks: int, points_per_edge: int) -> int:
    """Return the number of preferences of `simplex_grid` without making them, however many they are.

    Raises:
        ConfigError: n_tasks < 1, points_per_edge < 1, or not integers.
    """
    require_integers(n_tasks=(n_tasks, 1), points_per_edge=(points_per_edge, 1))
    return math.comb(points_per_edge + n_tasks - 2, n_tasks - 1)


def require_integers(**given: tuple[int, int]) -> None:
    """Raise ConfigError where one of the named (value, least) is not an integer of the least or more."""
    for name, (value, least) in given.items():
        if not hasattr(value, "__index__") or value < least:
            raise ConfigError(f"{name} is an integer of {least} or more; found {value!r}")


def shares(n_tasks: int, steps: int) -> NDArray[np.int64]:
    """Return every way to share whole steps among the tasks, shape (n, T), in ascending lexicographic order."""
    slots = steps + n_tasks - 1
    n_points = math.comb(slots, n_tasks - 1)
    # Stars and bars: T - 1 bars among the slots cut the steps into T shares, and combinations()
    # yields the bars, hence the shares, in lexicographic order.
    bars = np.array(list(combinations(range(slots), n_tasks - 1)), dtype=np.int64).reshape(n_points, n_tasks - 1)
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, slots)))
    found: NDArray[np.int64] = np.diff(edges, axis=1) - 1
    return found


def as_preferences(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide rows of whole numbers, shape (n, T), by their common sum, so that the exact sum of each rounds to 1.0."""
    grid: NDArray[np.float64] = counts / float(counts[0].sum())
    for row in grid:
        if math.fsum(row) != 1.0:  # rounded quotients miss 1 by an ulp: the largest share takes the residue
            row[row.argmax()] -= math.fsum([*row, -1.0])
    return grid
