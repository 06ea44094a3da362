from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.metrics import Front, alignment, layered_grid, simplex_grid
from frontrunner.metrics.alignment import task_alignments

# Few values, so that ties are likely; a weight more in each row, so that none is all zero.
whole = st.integers(0, 4).map(float)


@st.composite
def answers(draw: st.DrawFn) -> Front:
    n, T = draw(st.tuples(st.integers(3, 9), st.integers(1, 5)))
    weights = draw(arrays(np.float64, (n, T), elements=whole)) + np.eye(T)[0]
    return Front(draw(arrays(np.float64, (n, T), elements=whole)), weights / weights.sum(axis=1, keepdims=True))


def by_scipy(front: Front) -> float | None:
    from scipy.stats import somersd

    found = []
    for r, f in zip(front.preferences.T, front.objectives.T, strict=True):  # type: ignore[union-attr]
        levels = np.unique(np.round(r, 9), return_inverse=True)[1]
        if np.ptp(levels) > 0:
            # scipy gives no number where the table has one column
            found.append(somersd(levels, -f).statistic if np.ptp(f) > 0 else 0.0)
    return float(np.mean(found)) if found else None


@given(answers())
def test_is_the_mean_of_somers_d(front: Front) -> None:
    assert alignment(front) == pytest.approx(by_scipy(front), abs=1e-12)


@pytest.mark.parametrize(
    "grid",
    [
        np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]),
        simplex_grid(2, 11),
        simplex_grid(3, 4),
        simplex_grid(3, 5),
        simplex_grid(3, 11),
        simplex_grid(8, 3),
        layered_grid(3, 4, 3),
        layered_grid(8, 3, 2),
    ],
)
def test_kept_broken_and_reversed_promises_on_any_grid(grid: np.ndarray) -> None:
    assert alignment(Front(np.exp(-grid), grid)) == 1.0
    assert alignment(Front(np.full_like(grid, 0.3), grid)) == 0.0
    assert alignment(Front(grid**3, grid)) == -1.0


def test_tasks_of_opposite_signs_cancel_in_the_mean() -> None:
    grid = simplex_grid(2, 5)
    both = Front(np.stack([1 - grid[:, 0]] * 2, axis=1), grid)  # the first weight improves both
    assert task_alignments(both) == (1.0, -1.0)
    assert alignment(both) == 0.0
    assert task_alignments(Front(grid[:2], grid[:2])) == (None, None)
    assert task_alignments(Front(grid)) == (None, None)


def test_closed_forms() -> None:
    r = np.array([0.0, 0.25, 0.25, 1.0])  # of the six pairs one has equal weights
    preferences = np.column_stack([r, 1 - r])

    def of_the_first(*errors: float) -> float | None:
        return alignment(Front(np.column_stack([errors, r]), preferences))  # the second task follows its weight

    for errors, ordered in [
        ((0.9, 0.5, 0.4, 0.1), 5),
        ((0.9, 0.4, 0.5, 0.1), 5),  # the pair of equal weights has no order
        ((0.9, 0.9, 0.9, 0.1), 3),  # tied errors count as pairs and add nothing
        ((0.9, 0.9, 0.5, 0.1), 4),
        ((0.1, 0.5, 0.4, 0.9), -5),
        ((0.5, 0.9, 0.4, 0.1), 3),  # one pair of five in reverse
    ]:
        assert of_the_first(*errors) == pytest.approx((ordered / 5 + 1) / 2)


def test_a_tie_of_errors_never_raises_it() -> None:
    r = simplex_grid(2, 6)
    ordered = 1.0 - r
    tied = ordered.copy()
    tied[1:3] = tied[1]
    assert alignment(Front(ordered, r)) == 1.0
    assert alignment(Front(tied, r)) == pytest.approx(14 / 15)
    corners = np.where(r >= 0.5, 0.0, 1.0)  # two answers for six preferences
    assert alignment(Front(corners, r)) == pytest.approx(9 / 15)


def test_many_answers_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    front = Front(rng.integers(0, 5, (23, 3)).astype(float), rng.dirichlet(np.ones(3), 23))
    whole_value = alignment(front)
    monkeypatch.setattr(sys.modules[alignment.__module__], "_PAIRS_AT_ONCE", 50)
    assert alignment(front) == whole_value == pytest.approx(by_scipy(front))


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
