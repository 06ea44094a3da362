from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.metrics import Front, alignment, simplex_grid

# Few values, so that ties are likely; a weight more in each row, so that none is all zero.
whole = st.integers(0, 4).map(float)


@st.composite
def answers(draw: st.DrawFn) -> Front:
    n, T = draw(st.tuples(st.integers(3, 9), st.integers(1, 5)))
    weights = draw(arrays(np.float64, (n, T), elements=whole)) + np.eye(T)[0]
    return Front(draw(arrays(np.float64, (n, T), elements=whole)), weights / weights.sum(axis=1, keepdims=True))


def by_scipy(front: Front) -> float | None:
    from scipy.stats import spearmanr

    correlations = []
    for r, f in zip(front.preferences.T, front.objectives.T, strict=True):  # type: ignore[union-attr]
        if np.ptp(r) > 0:
            correlations.append(spearmanr(r, -f).statistic if np.ptp(f) > 0 else 0.0)
    return float(np.mean(correlations)) if correlations else None


@given(answers())
def test_is_the_mean_of_spearmans_correlations(front: Front) -> None:
    assert alignment(front) == pytest.approx(by_scipy(front), abs=1e-12)


@pytest.mark.parametrize(("n_tasks", "points_per_edge"), [(2, 2), (2, 11), (3, 11), (8, 3)])
def test_kept_broken_and_reversed_promises(n_tasks: int, points_per_edge: int) -> None:
    grid = simplex_grid(n_tasks, points_per_edge)
    if len(grid) < 3:
        grid = np.concatenate([grid, [[0.5, 0.5]]])
    assert alignment(Front(np.exp(-grid), grid)) == 1.0
    assert alignment(Front(np.full_like(grid, 0.3), grid)) == 0.0
    assert alignment(Front(grid**3, grid)) == -1.0


def test_a_task_that_ignores_its_weight_counts_as_zero_and_one_without_a_choice_not_at_all() -> None:
    r = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    followed = 1.0 - r
    assert alignment(Front(followed, r)) == 1.0
    assert alignment(Front(np.column_stack([followed[:, 0], [0.2, 0.2, 0.2]]), r)) == 0.5
    third = np.column_stack([r / 2, np.full(3, 0.5)])
    assert alignment(Front(np.column_stack([followed, [0.3, 0.1, 0.2]]), third)) == 1.0


@given(answers(), st.randoms(use_true_random=False))
def test_order_of_points_and_tasks_does_not_matter_nor_any_rising_transformation(front: Front, random: object) -> None:
    points, tasks = list(range(front.n_points)), list(range(front.n_objectives))
    random.shuffle(points)  # type: ignore[attr-defined]
    random.shuffle(tasks)  # type: ignore[attr-defined]
    value, r = alignment(front), front.preferences
    assert r is not None
    assert alignment(Front(front.objectives[points], r[points])) == value
    assert alignment(Front(front.objectives[:, tasks], r[:, tasks])) == pytest.approx(value, abs=1e-12)
    assert alignment(Front(7.0 * front.objectives**3 - 2.0, r)) == value
    assert value is None or -1.0 <= value <= 1.0


@given(answers())
def test_opposite_objectives_have_the_opposite_alignment(front: Front) -> None:
    value = alignment(front)
    assert alignment(Front(-front.objectives, front.preferences)) == (None if value is None else -value)


def test_rounding_of_weights_makes_no_order() -> None:
    thirds = np.array([[0.3, 0.7], [0.1 + 0.2, 0.7], [np.float32(0.3), 0.7], [0.9, 0.1]])
    assert alignment(Front([[0.3, 0.1], [0.1, 0.3], [0.2, 0.2], [0.0, 0.9]], thirds)) == pytest.approx(
        alignment(Front([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3], [0.0, 0.9]], np.round(thirds, 3)))
    )


def test_objectives_of_any_size_are_ranked() -> None:
    r = simplex_grid(2, 3)
    assert alignment(Front([[1.7e308, -1.7e308], [0.0, 0.0], [-1.7e308, 1.7e308]], r)) == 1.0


def test_nothing_to_measure() -> None:
    grid = simplex_grid(2, 4)
    assert alignment(Front(1.0 - grid)) is None
    assert alignment(Front(1.0 - grid[:2], grid[:2])) is None
    assert alignment(Front(1.0 - grid, np.full_like(grid, 0.5))) is None
    assert alignment(Front(grid[:, :1], np.ones((4, 1)))) is None
    noise = np.array([0.0, 1e-8, 2e-8, -1e-8])[:, None] * [1.0, -1.0]
    assert alignment(Front(1.0 - grid, 0.5 + noise)) is None
