from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, Hypervolume, hypervolume, igd, igd_plus

# Multiples of 1/8 on both sides of the reference point 1 make ties, repeated and dominated points likely.
values = st.integers(0, 10).map(lambda eighths: eighths / 8)


def points(n_objectives: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(1, 6), st.just(n_objectives)), elements=values)


def same_objectives(n_arrays: int) -> st.SearchStrategy[tuple[np.ndarray, ...]]:
    return st.integers(1, 5).flatmap(lambda T: st.tuples(*[points(T)] * n_arrays))


def union_of_boxes(lower_corners: np.ndarray, upper: np.ndarray) -> float:
    """Volume of the union of the boxes from each corner to a common upper one, by inclusion and exclusion."""
    return math.fsum(
        (-1) ** (k + 1) * float(np.prod(np.clip(upper - np.max(chosen, axis=0), 0.0, None)))
        for k in range(1, len(lower_corners) + 1)
        for chosen in combinations(lower_corners, k)
    )


@given(same_objectives(1))
def test_hypervolume_is_the_union_of_boxes(drawn: tuple[np.ndarray]) -> None:
    ones = np.ones(drawn[0].shape[1])
    found = hypervolume(Front(drawn[0]), ones)
    assert found.exact
    assert found.value == pytest.approx(union_of_boxes(drawn[0], ones), abs=1e-12)


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 8])
def test_hypervolume_of_one_box(n_objectives: int) -> None:
    front = Front(np.full((1, n_objectives), 0.25))
    assert hypervolume(front, np.full(n_objectives, 0.75)).value == pytest.approx(0.5**n_objectives)


@pytest.mark.parametrize("k", [1, 3, 10, 100])
def test_hypervolume_of_a_staircase(k: int) -> None:
    steps = np.arange(k) / k
    staircase = Front(np.column_stack([steps, steps[::-1]]))
    assert hypervolume(staircase, [1.0, 1.0]).value == pytest.approx((k + 1) / (2 * k))


def test_points_on_or_beyond_the_reference_point_contribute_nothing() -> None:
    outside = [[1.0, 0.0], [0.0, 1.0], [-5.0, 1.5]]
    assert hypervolume(Front(outside), [1.0, 1.0]) == Hypervolume(0.0, exact=True)
    assert hypervolume(Front([*outside, [0.5, 0.5]]), [1.0, 1.0]) == Hypervolume(0.25, exact=True)


@given(same_objectives(2))
def test_adding_points_never_hurts(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    first, more = drawn
    reference_point, reference = np.ones(first.shape[1]), np.zeros((1, first.shape[1]))
    both = Front(np.concatenate([first, more]))
    grown, before = hypervolume(both, reference_point).value, hypervolume(Front(first), reference_point).value
    assert grown >= before - 1e-12
    assert igd_plus(both, reference) <= igd_plus(Front(first), reference) + 1e-12


@given(same_objectives(2), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.125, 3.0]))
def test_order_duplicates_and_dominated_points_change_no_bit(
    drawn: tuple[np.ndarray, np.ndarray], random: object, worse_by: float
) -> None:
    first, reference = drawn
    rows = [*first, *first, *(first + worse_by)]
    random.shuffle(rows)  # type: ignore[attr-defined]
    front, noisy = Front(first), Front(np.array(rows))
    ones = np.ones(first.shape[1])
    noisy_reference = np.concatenate([reference[::-1], reference + worse_by])
    assert hypervolume(front, ones) == hypervolume(noisy, ones)
    for indicator in (igd, igd_plus):
        assert indicator(front, reference) == indicator(noisy, noisy_reference)


@given(same_objectives(2), st.lists(st.floats(0.01, 100.0), min_size=5, max_size=5), st.floats(-10.0, 10.0))
def test_scale_and_shift(drawn: tuple[np.ndarray, np.ndarray], scales: list[float], shift: float) -> None:
    first, reference = drawn
    scale, ones = np.array(scales)[: first.shape[1]], np.ones(first.shape[1])
    moved = hypervolume(Front(first * scale + shift), ones * scale + shift).value
    expected = np.prod(scale) * hypervolume(Front(first), ones).value
    assert moved == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.prod(scale))
    for indicator in (igd, igd_plus):
        before = indicator(Front(first), reference)
        assert indicator(Front(first * scales[0]), reference * scales[0]) == pytest.approx(before * scales[0])


@given(same_objectives(2))
def test_distances_to_a_reference_front(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    front, reference = Front(drawn[0]), Front(drawn[1])
    assert igd(front, front) == igd_plus(front, front) == 0.0
    assert igd(front, drawn[0]) == 0.0
    assert 0.0 <= igd_plus(front, reference) <= igd(front, reference) + 1e-12
    everything_better = Front(drawn[1].min(axis=0, keepdims=True) - 1.0)
    assert igd_plus(everything_better, reference) == 0.0 < igd(everything_better, reference)


@given(same_objectives(2))
def test_igd_is_the_mean_distance_to_the_nearest_point(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    front, reference = (Front(part).non_dominated().objectives for part in drawn)
    gaps = front[None] - reference[:, None]
    nearest = np.linalg.norm(gaps, axis=2).min(axis=1)
    nearest_plus = np.linalg.norm(np.maximum(gaps, 0.0), axis=2).min(axis=1)
    assert igd(Front(drawn[0]), drawn[1]) == pytest.approx(nearest.mean())
    assert igd_plus(Front(drawn[0]), drawn[1]) == pytest.approx(nearest_plus.mean())


@pytest.mark.parametrize(
    ("reference_point", "message"),
    [
        ([1.0, 1.0, 1.0], r"front's 2 objectives; found shape \(3,\)"),
        (1.0, r"found shape \(\)"),
        ([1.0, np.nan], r"finite; found \[1\.0, nan\]"),
        ([1.0, np.inf], "finite"),
        (["a", "b"], "2 numbers; found"),
    ],
)
def test_a_broken_reference_point_is_refused(reference_point: object, message: str) -> None:
    with pytest.raises(FrontError, match=message):
        hypervolume(Front([[0.1, 0.2]]), reference_point)  # type: ignore[arg-type]


@pytest.mark.parametrize("indicator", [igd, igd_plus])
def test_a_broken_reference_front_is_refused(indicator: object) -> None:
    front = Front([[0.1, 0.2]])
    for broken in ([], np.empty((0, 2)), [[np.nan, 0.1]], [[0.1, np.inf]], [0.1, 0.2]):
        with pytest.raises(FrontError):
            indicator(front, broken)  # type: ignore[operator]
    with pytest.raises(FrontError, match="the front has 2, the reference front 3"):
        indicator(front, Front([[0.1, 0.2, 0.3]]))  # type: ignore[operator]


def test_a_value_that_overflows_is_refused() -> None:
    huge = Front([[-1e200, -1e200]])
    with pytest.raises(FrontError, match="hypervolume of these objectives is too large"):
        hypervolume(huge, [1e200, 1e200])
    for indicator in (igd, igd_plus):
        with pytest.raises(FrontError, match="too large"):
            indicator(Front([[1e200, 1e200]]), huge)
