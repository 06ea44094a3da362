from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrunner.errors import ConfigError
from frontrunner.metrics import layered_grid, layered_grid_size, simplex_grid

SMALL = [(n_tasks, p, q) for n_tasks in range(1, 9) for p in range(2, 5) for q in range(2, 5)]


def exact(n_tasks: int, points_per_edge: int, inner_points_per_edge: int) -> list[tuple[Fraction, ...]]:
    """Every preference of the grid, once and in order, in fractions."""

    def lattice(points: int) -> list[tuple[Fraction, ...]]:
        steps = points - 1
        return [
            tuple(Fraction(share, steps) for share in split)
            for split in product(range(points), repeat=n_tasks)
            if sum(split) == steps
        ]

    centre = Fraction(1, n_tasks)
    inner = [tuple((weight + centre) / 2 for weight in row) for row in lattice(inner_points_per_edge)]
    return sorted({*lattice(points_per_edge), *inner, (centre,) * n_tasks})


@given(st.integers(1, 4), st.integers(2, 9), st.integers(2, 9))
def test_the_grid_is_two_lattices_and_the_centre_each_once_in_order(n_tasks: int, p: int, q: int) -> None:
    expected = exact(n_tasks, p, q)
    grid = layered_grid(n_tasks, p, q)
    assert grid.shape == (len(expected), n_tasks)
    np.testing.assert_allclose(grid, np.array(expected, dtype=float), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("n_tasks", "p", "q"), SMALL)
def test_the_centre_the_outer_lattice_and_no_duplicates(n_tasks: int, p: int, q: int) -> None:
    grid = layered_grid(n_tasks, p, q)
    assert np.isclose(grid, 1 / n_tasks, rtol=0, atol=1e-15).all(axis=1).sum() == 1
    assert {math.fsum(row) for row in grid} == {1.0}
    assert grid.min() >= 0.0
    assert len(np.unique(grid.round(12), axis=0)) == len(grid)
    assert {row.tobytes() for row in simplex_grid(n_tasks, p)} <= {row.tobytes() for row in grid}
    inside = (grid > 0).all(axis=1)
    halfway = (simplex_grid(n_tasks, q) + 1 / n_tasks) / 2
    nearest = np.abs(grid[inside][:, None] - halfway).max(axis=2).min(axis=0)
    assert nearest.max() < 1e-15


@given(st.integers(1, 8), st.integers(2, 13), st.integers(2, 13))
def test_the_size_is_known_without_the_grid(n_tasks: int, p: int, q: int) -> None:
    size = layered_grid_size(n_tasks, p, q)
    if size <= 5_000:
        assert size == len(layered_grid(n_tasks, p, q))
    else:
        assert size <= math.comb(p + n_tasks - 2, n_tasks - 1) + math.comb(q + n_tasks - 2, n_tasks - 1) + 1


@pytest.mark.parametrize("n_tasks", range(3, 9))
def test_few_preferences_have_an_interior_where_one_lattice_of_as_many_has_hardly_any(n_tasks: int) -> None:
    grid = layered_grid(n_tasks, 2, 3)
    assert len(grid) <= 66
    assert (grid > 0).all(axis=1).mean() >= 0.7
    larger = next(found for p in range(2, 12) if len(found := simplex_grid(n_tasks, p)) >= len(grid))
    assert (larger > 0).all(axis=1).mean() <= 0.1


def test_a_layered_grid_reads_as_documented() -> None:
    assert layered_grid(2, 2, 2).tolist() == [[0.0, 1.0], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [1.0, 0.0]]
    assert layered_grid(1, 3, 4).tolist() == [[1.0]]
    assert layered_grid(*np.array([3, 4, 3])).shape == (16, 3)
    assert layered_grid_size(8, 101, 101) > 50_000_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 3), "n_tasks is an integer of 1 or more; found 0"),
        ((3, 1, 3), "^points_per_edge is an integer of 2 or more; found 1"),
        ((3, 3, 1), "inner_points_per_edge is an integer of 2 or more; found 1"),
        ((3, 3, 0), "inner_points_per_edge is an integer of 2 or more; found 0"),
        ((3, 3, 2.5), "found 2.5"),
        ((8, 2, 101), "101 of the inner layer make 26,075,972,555, lower one of them"),
        ((8, 101, 2), "at most 1,000,000 points; 101 points per edge of 8 tasks"),
    ],
)
def test_a_layered_grid_that_cannot_be_is_refused(arguments: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        layered_grid(*arguments)
