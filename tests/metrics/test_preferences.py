from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrunner.errors import ConfigError, PreferenceError
from frontrunner.metrics import check_preference, simplex_grid
from frontrunner.metrics.preferences import find_preference


@given(st.integers(1, 5), st.integers(2, 9))
def test_the_grid_is_every_split_into_equal_parts_in_order(n_tasks: int, points_per_edge: int) -> None:
    steps = points_per_edge - 1
    grid = simplex_grid(n_tasks, points_per_edge)
    assert grid.shape == (math.comb(steps + n_tasks - 1, n_tasks - 1), n_tasks)
    splits = [s for s in product(range(points_per_edge), repeat=n_tasks) if sum(s) == steps]
    np.testing.assert_allclose(grid, np.array(splits) / steps, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("n_tasks", "points_per_edge"), [(1, 2), (2, 101), (3, 50), (4, 12), (8, 5)])
def test_rows_sum_to_one_and_corners_are_exact(n_tasks: int, points_per_edge: int) -> None:
    grid = simplex_grid(n_tasks, points_per_edge)
    assert {math.fsum(row) for row in grid} == {1.0}
    assert grid.min() >= 0.0
    assert [row.tolist() for row in np.eye(n_tasks)[::-1]] == [row.tolist() for row in grid if row.max() == 1.0]
    assert len(np.unique(grid, axis=0)) == len(grid)
    for row in grid:
        assert check_preference(row, n_tasks).tobytes() == row.tobytes()


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 6, 7, 8])
def test_one_point_an_edge_is_the_centre_alone(n_tasks: int) -> None:
    grid = simplex_grid(n_tasks, 1)
    assert np.allclose(grid, [[1 / n_tasks] * n_tasks], rtol=0, atol=1e-15)
    assert math.fsum(grid[0]) == 1.0


def test_a_grid_reads_as_documented() -> None:
    assert simplex_grid(2, 3).tolist() == [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "n_tasks is an integer of 1 or more; found 0"),
        ((3, 0), "points_per_edge is an integer of 1 or more; found 0"),
        ((3, 2.5), "found 2.5"),
        (("3", 3), "found '3'"),
        ((8, 101), "at most 1,000,000 points; 101 points per edge of 8 tasks make 26,075,972,546"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(arguments: tuple[int, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        simplex_grid(*arguments)


@pytest.mark.parametrize(
    ("preference", "message"),
    [
        ([0.5, 0.5, 0.0], r"each of the 2 tasks; found shape \(3,\)"),
        (0.5, r"found shape \(\)"),
        ([[0.5, 0.5]], r"found shape \(1, 2\)"),
        ([1.2, -0.2], r"not negative; found \[1\.2, -0\.2\]"),
        ([0.5, 0.4], r"\[0\.5, 0\.4\] sum to 0\.9"),
        ([0.5, 0.5 + 2e-6], "sum to 1.000002"),
        ([np.nan, 1.0], r"finite; found \[nan, 1\.0\]"),
        ([np.inf, -np.inf], "finite"),
        (["a", "b"], "2 numbers that sum to 1; found"),
        ([[0.5], [0.25, 0.25]], "2 numbers that sum to 1; found"),
    ],
)
def test_what_is_no_preference_is_refused(preference: object, message: str) -> None:
    with pytest.raises(PreferenceError, match=message):
        check_preference(preference, 2)  # type: ignore[arg-type]


def test_rounding_residue_is_forgiven_and_the_argument_untouched() -> None:
    given_weights = np.array([0.9, 0.1, 1 - 0.9 - 0.1])
    assert given_weights[2] < 0.0
    assert check_preference(given_weights, 3).tolist() == [0.9, 0.1, 0.0]
    assert given_weights[2] < 0.0
    assert check_preference(np.array([0.1, 0.2, 0.7], dtype=np.float32), 3).dtype == np.float64


@pytest.mark.parametrize(
    ("asked", "position"),
    [([0.5, 0.5], 1), ([0.5 + 1e-7, 0.5 - 1e-7], 1), ([0.0, 1.0], 2), ([0.4, 0.6], None), ([0.5 + 1e-5, 0.5], None)],
)
def test_a_preference_is_found_among_those_held_within_rounding(asked, position):
    held = np.array([[np.nan, np.nan], [0.5, 0.5], [0.0, 1.0]])
    assert find_preference(held, np.array(asked), within=1e-6) == position
