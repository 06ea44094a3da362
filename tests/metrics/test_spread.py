from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, ReferenceFront, largest_gap, spread

# Multiples of 1/8: differences are exact, and ties, repeated and dominated points are likely.
values = st.integers(0, 10).map(lambda eighths: eighths / 8)


def points(n_objectives: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(1, 8), st.just(n_objectives)), elements=values)


def same_objectives(n_arrays: int) -> st.SearchStrategy[tuple[np.ndarray, ...]]:
    return st.integers(1, 5).flatmap(lambda T: st.tuples(*[points(T)] * n_arrays))


@pytest.mark.parametrize("n_objectives", [2, 3, 5])
def test_spread_of_a_front_that_covers_half_of_every_objective(n_objectives: int) -> None:
    corners = 1.0 - np.eye(n_objectives)
    inner = 0.75 - 0.5 * np.eye(n_objectives)
    assert spread(Front(corners), corners) == 1.0
    assert spread(Front(inner), corners) == 0.5
    assert spread(Front(corners.mean(axis=0, keepdims=True)), corners) == 0.0


def test_spread_of_one_covered_objective_of_two() -> None:
    line = [[0.0, 1.0], [1.0, 0.0]]
    assert spread(Front([[0.0, 3.0], [1.0, 2.0]]), line) == pytest.approx(math.sqrt(0.5))
    assert spread(Front([[0.25, 3.0], [0.5, 2.0]]), line) == pytest.approx(0.25 * math.sqrt(0.5))
    assert spread(Front([[2.0, 3.0], [3.0, 2.0]]), line) == 0.0


def test_an_objective_in_which_the_reference_has_no_extent_is_left_out() -> None:
    flat = [[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]
    assert spread(Front([[0.0, 0.5, 0.0], [0.5, 0.0, 1.0]]), flat) == 0.5
    assert spread(Front([[0.0, 1.0], [1.0, 0.0]]), [[0.5, 0.5]]) is None


@given(same_objectives(2))
def test_spread_is_the_covered_share_of_the_extent(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    f, reference = (Front(part).non_dominated().objectives for part in drawn)
    squares = []
    for t in range(f.shape[1]):
        low, high = reference[:, t].min(), reference[:, t].max()
        if high > low:
            squares.append((np.ptp(np.clip([f[:, t].min(), f[:, t].max()], low, high)) / (high - low)) ** 2)
    expected = math.sqrt(np.mean(squares)) if squares else None
    assert spread(Front(drawn[0]), drawn[1]) == pytest.approx(expected, abs=1e-12)
    assert spread(Front(drawn[1]), drawn[1]) == (1.0 if squares else None)


@given(same_objectives(2), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.125, 3.0]))
def test_only_the_set_of_non_dominated_points_matters(
    drawn: tuple[np.ndarray, np.ndarray], random: object, worse_by: float
) -> None:
    first, reference = drawn
    rows, tasks = [*first, *first, *(first + worse_by)], list(range(first.shape[1]))
    random.shuffle(rows)  # type: ignore[attr-defined]
    random.shuffle(tasks)  # type: ignore[attr-defined]
    noisy, noisy_reference = Front(np.array(rows)), np.concatenate([reference + 1.0, reference])
    value, gap = spread(Front(first), reference), largest_gap(Front(first))
    for given_as in (reference, Front(reference), ReferenceFront(reference), noisy_reference):
        assert spread(noisy, given_as) == value
    assert largest_gap(noisy) == gap
    assert spread(Front(first[:, tasks]), reference[:, tasks]) == pytest.approx(value, abs=1e-12)
    assert largest_gap(Front(first[:, tasks])) == pytest.approx(gap, abs=1e-12)


@given(same_objectives(2), st.lists(st.floats(0.01, 100.0), min_size=5, max_size=5), st.floats(-10.0, 10.0))
def test_spread_has_no_units_and_gaps_have(
    drawn: tuple[np.ndarray, np.ndarray], scales: list[float], shift: float
) -> None:
    first, reference = drawn
    scale = np.array(scales)[: first.shape[1]]
    moved = spread(Front(first * scale + shift), reference * scale + shift)
    assert moved == pytest.approx(spread(Front(first), reference), abs=1e-6)
    gap = largest_gap(Front(first))
    grown = largest_gap(Front(first * scales[0]))
    assert grown == (None if gap is None else pytest.approx(gap * scales[0]))


def test_the_largest_gap_of_a_line_with_a_hole() -> None:
    x = np.array([0.0, 0.1, 0.2, 0.7, 0.9, 1.0])
    assert largest_gap(Front(np.column_stack([x, 1.0 - x]))) == pytest.approx(0.5 * math.sqrt(2.0), abs=1e-15)


@pytest.mark.parametrize("n_objectives", [2, 3, 8])
def test_the_largest_gap_of_a_simplex_is_its_edge(n_objectives: int) -> None:
    assert largest_gap(Front(np.eye(n_objectives))) == pytest.approx(math.sqrt(2.0), abs=1e-15)
    # A point half-way along one edge halves it; from there the other corners are as far as a triangle is high.
    middle = np.vstack([np.eye(n_objectives), 0.5 * (np.eye(n_objectives)[:1] + np.eye(n_objectives)[1:2])])
    expected = math.sqrt(0.5) if n_objectives == 2 else math.sqrt(1.5)
    assert largest_gap(Front(middle)) == pytest.approx(expected, abs=1e-15)


@given(same_objectives(1))
def test_the_largest_gap_is_the_longest_edge_of_the_minimum_spanning_tree(drawn: tuple[np.ndarray]) -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree

    distinct = Front(drawn[0]).non_dominated().objectives
    if len(distinct) == 1:
        assert largest_gap(Front(drawn[0])) is None
    else:
        distances = np.linalg.norm(distinct[:, None] - distinct[None], axis=2)
        assert largest_gap(Front(drawn[0])) == pytest.approx(minimum_spanning_tree(distances).max(), abs=1e-12)


@pytest.mark.parametrize("n_objectives", [2, 4])
def test_a_point_between_neighbours_never_widens_the_largest_gap(n_objectives: int) -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        corners = generator.dirichlet(np.ones(n_objectives), 6)  # none of a simplex dominates another
        between = (corners[0] + corners[1]) / 2
        before, after = largest_gap(Front(corners)), largest_gap(Front(np.vstack([corners, between])))
        assert before is not None
        assert after is not None
        assert after <= before + 1e-12


def test_a_broken_reference_front_is_refused() -> None:
    front = Front([[0.1, 0.2]])
    for broken in ([], np.empty((0, 2)), [[np.nan, 0.1]], [[0.1, np.inf]], [0.1, 0.2]):
        with pytest.raises(FrontError):
            spread(front, broken)
    with pytest.raises(FrontError, match="the front has 2, the reference front 3"):
        spread(front, Front([[0.1, 0.2, 0.3]]))


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_an_extent_may_overflow_and_a_distance_may_not(n_objectives: int) -> None:
    huge = np.where(np.eye(n_objectives) > 0, 1.5e308, -1.5e308)
    assert spread(Front(huge), huge) == 1.0
    assert spread(Front(huge / 2), huge) == pytest.approx(0.5)
    with pytest.raises(FrontError, match="gap of these objectives is too large"):
        largest_gap(Front(huge))
