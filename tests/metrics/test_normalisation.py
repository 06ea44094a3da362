from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, dominated_share, normalised, simplex_grid


def test_the_expert_is_zero_and_the_pretrained_model_one() -> None:
    experts, pretrained = [0.1, 0.25], [0.5, 0.75]
    front = Front([experts, pretrained, [0.3, 0.5], [0.0, 1.0]], np.full((4, 2), 0.5))
    scaled = normalised(front, experts, pretrained)
    assert scaled is not None
    assert scaled.objectives == pytest.approx(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [-0.25, 1.5]]), abs=1e-15)


def test_preferences_and_their_absence_are_kept() -> None:
    grid = simplex_grid(3, 4)
    zeros, ones = np.zeros(3), np.ones(3)
    assert normalised(Front(1.0 - grid, grid), zeros, ones) == Front(1.0 - grid, grid)
    assert normalised(Front(1.0 - grid), zeros, ones) == Front(1.0 - grid)


eighths = st.integers(0, 10).map(lambda k: k / 8)


@given(arrays(np.float64, (5, 3), elements=eighths), st.permutations(range(3)), st.permutations(range(5)))
def test_points_tasks_and_units(objectives: np.ndarray, tasks: list[int], points: list[int]) -> None:
    zero, one = np.array([0.125, 0.0, 0.25]), np.array([0.5, 1.0, 0.75])
    front, scale = Front(objectives), np.array([2.0, 4.0, 0.5])
    scaled = normalised(front, zero, one)
    assert scaled is not None
    assert dominated_share(scaled) == dominated_share(front)
    assert normalised(Front(objectives[points]), zero, one) == Front(scaled.objectives[points])
    assert normalised(Front(objectives[:, tasks]), zero[tasks], one[tasks]) == Front(scaled.objectives[:, tasks])
    assert normalised(Front(scale * objectives + 1.0), scale * zero + 1.0, scale * one + 1.0) == scaled


def test_is_not_defined_where_an_expert_is_no_better_than_the_pretrained_model() -> None:
    front = Front([[0.1, 0.2]])
    assert normalised(front, [0.0, 0.5], [1.0, 0.5]) is None
    assert normalised(front, [0.0, 0.6], [1.0, 0.5]) is None
    assert normalised(front, [0.0, 0.4], [1.0, 0.5]) is not None


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([1.0, 1.0, 1.0], r"front's 2 objectives; found shape \(3,\)"),
        (1.0, r"found shape \(\)"),
        ([1.0, np.nan], r"finite; found \[1\.0, nan\]"),
        ([1.0, np.inf], "finite"),
        (["a", "b"], "2 numbers; found"),
    ],
)
def test_broken_ends_are_refused_by_name(broken: object, message: str) -> None:
    front = Front([[0.1, 0.2]])
    with pytest.raises(FrontError, match=f"experts .*{message}"):
        normalised(front, broken, [1.0, 1.0])  # type: ignore[arg-type]
    with pytest.raises(FrontError, match=f"pretrained .*{message}"):
        normalised(front, [0.0, 0.0], broken)  # type: ignore[arg-type]


def test_results_too_large_for_a_float_are_refused() -> None:
    for objectives, zero, one in (([[1e300]], [0.0], [1e-300]), ([[1.0]], [-1.7e308], [1.7e308])):
        with pytest.raises(FrontError, match="rescale the objectives"):
            normalised(Front(objectives), zero, one)
