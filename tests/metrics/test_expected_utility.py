from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, expected_utility

values = st.integers(0, 10).map(lambda eighths: eighths / 8)


def points(n_objectives: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(1, 8), st.just(n_objectives)), elements=values)


any_points = st.integers(1, 5).flatmap(points)


def concave_integral(objectives: np.ndarray) -> float:
    """Exact for two objectives: between all crossings of two lines the least is one line, so its middle is its mean."""
    a, b = objectives.T
    crossings = {0.0, 1.0}
    for i in range(len(a)):
        for j in range(i):
            slope = (a[i] - b[i]) - (a[j] - b[j])
            if slope != 0:
                crossings.add(float(np.clip((b[j] - b[i]) / slope, 0.0, 1.0)))
    edges = sorted(crossings)
    return math.fsum(
        (high - low) * float(np.min((low + high) / 2 * a + (1 - (low + high) / 2) * b)) for low, high in pairwise(edges)
    )


@given(points(2))
def test_two_objectives_are_exact(objectives: np.ndarray) -> None:
    assert expected_utility(Front(objectives)) == pytest.approx(concave_integral(objectives), abs=1e-12)


def test_two_objectives_in_closed_form() -> None:
    assert expected_utility(Front(np.eye(2))) == pytest.approx(1 / 4, abs=1e-15)  # E min(r, 1 - r)
    assert expected_utility(Front([[0.0, 1.0], [0.25, 0.25], [1.0, 0.0]])) == pytest.approx(3 / 16, abs=1e-15)
    above_the_hull = [[0.0, 1.0], [0.6, 0.6], [0.45, 0.9], [1.0, 0.0]]
    assert expected_utility(Front(above_the_hull)) == pytest.approx(1 / 4, abs=1e-15)
    # The quarter of a circle around (1, 1), touched by every preference: E[1 - |r|].
    angles = np.linspace(0.0, math.pi / 2, 2001)
    circle = 1.0 - np.column_stack([np.cos(angles), np.sin(angles)])
    length = 0.5 + math.asinh(1.0) / (2 * math.sqrt(2.0))  # E sqrt(r^2 + (1 - r)^2)
    assert expected_utility(Front(circle)) == pytest.approx(1.0 - length, abs=1e-6)


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 5, 8, 20])
def test_one_point_costs_the_mean_of_its_objectives(n_objectives: int) -> None:
    point = np.random.default_rng(0).normal(size=(1, n_objectives))
    assert expected_utility(Front(point)) == pytest.approx(point.mean(), abs=1e-12)


@pytest.mark.parametrize("n_objectives", [3, 4, 5, 8])
def test_corners_cost_the_least_weight(n_objectives: int) -> None:
    # The least of T spacings of the unit interval has mean 1 / T^2, the largest H_T / T.
    corners = np.eye(n_objectives)
    assert expected_utility(Front(corners)) == pytest.approx(1 / n_objectives**2, abs=1e-3)
    largest = sum(1 / k for k in range(1, n_objectives + 1)) / n_objectives
    assert expected_utility(Front(-corners)) == pytest.approx(-largest, abs=1e-3)


@pytest.mark.parametrize("n_objectives", [3, 5, 8])
@pytest.mark.parametrize("n_points", [2, 20])
def test_many_objectives_are_within_a_thousandth_of_the_range(n_objectives: int, n_points: int) -> None:
    generator = np.random.default_rng(n_objectives)
    sample = generator.dirichlet(np.ones(n_objectives), 200_000)
    objectives = -np.log(generator.dirichlet(np.ones(n_objectives), n_points) + 0.1)
    costs = np.min(sample @ objectives.T, axis=1)
    allowed = 1e-3 * np.ptp(objectives) + 4 * costs.std() / math.sqrt(len(costs))
    assert expected_utility(Front(objectives)) == pytest.approx(costs.mean(), abs=allowed)


@pytest.mark.parametrize("n_objectives", [3, 4, 5, 8])
def test_more_tasks_on_which_all_points_are_equal(n_objectives: int) -> None:
    # The first two weights' share of 1 is 2 / T on average, and how they split it is uniform and independent of it.
    generator = np.random.default_rng(0)
    for n_points in (2, 5, 20):
        two = generator.random((n_points, 2)) ** 2
        more = np.column_stack([two, np.full((n_points, n_objectives - 2), 0.5)])
        expected = (2 * expected_utility(Front(two)) + (n_objectives - 2) * 0.5) / n_objectives
        assert expected_utility(Front(more)) == pytest.approx(expected, abs=1e-3)


@given(any_points, any_points)
def test_more_points_never_cost_more_and_better_ones_cost_less(first: np.ndarray, more: np.ndarray) -> None:
    before = expected_utility(Front(first))
    if more.shape[1] == first.shape[1]:
        assert expected_utility(Front(np.concatenate([first, more]))) <= before + 1e-12
    assert expected_utility(Front(first - 0.5)) == pytest.approx(before - 0.5, abs=1e-12)
    assert expected_utility(Front(first - 0.5 * np.eye(first.shape[1])[0])) < before
    assert before <= first.mean(axis=1).min() + 1e-12  # the best single point


@given(any_points, st.randoms(use_true_random=False), st.floats(0.01, 100.0))
def test_order_duplicates_dominated_points_and_scale(objectives: np.ndarray, random: object, scale: float) -> None:
    value = expected_utility(Front(objectives))
    rows = [*objectives, *objectives, *(objectives + 0.125)]
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert expected_utility(Front(np.array(rows))) == value
    assert expected_utility(Front(scale * objectives)) == pytest.approx(scale * value, abs=1e-12 * max(scale, 1.0))


@given(any_points, st.randoms(use_true_random=False))
def test_order_of_tasks(objectives: np.ndarray, random: object) -> None:
    value, n_tasks = expected_utility(Front(objectives)), objectives.shape[1]
    tasks = list(range(n_tasks))
    assert expected_utility(Front(np.roll(objectives, 1, axis=1))) == pytest.approx(value, abs=1e-12)
    random.shuffle(tasks)  # type: ignore[attr-defined]
    within = 1e-12 if n_tasks < 3 else 2e-3 * np.ptp(objectives) + 1e-12
    assert expected_utility(Front(objectives[:, tasks])) == pytest.approx(value, abs=within)


def test_objectives_too_large_for_a_float_are_refused() -> None:
    assert expected_utility(Front([[1e200, -1e200]])) == 0.0
    for n_objectives in (2, 3):
        with pytest.raises(FrontError, match="too large for a float"):
            expected_utility(Front(np.where(np.eye(n_objectives) > 0, -1.5e308, 1.5e308)))
