from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.metrics import Front, non_uniformity, simplex_grid


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, T = draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    r = draw(arrays(np.float64, (n, T), elements=st.floats(0.01, 1.0)))
    eighths = st.integers(0, 10).map(lambda k: k / 8)
    return draw(arrays(np.float64, (n, T), elements=eighths)), r / r.sum(axis=1, keepdims=True)


def test_the_definition_of_epo() -> None:
    # r = (.8, .2), l = (1, 1): shares .8 and .2, so log 2 less their entropy.
    expected = math.log(2.0) + 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
    assert expected == pytest.approx(0.192745, abs=1e-6)
    assert non_uniformity(Front([[1.0, 1.0]], [[0.8, 0.2]])) == pytest.approx(expected, abs=1e-12)
    assert non_uniformity(Front([[0.5, 1.5]], [[0.3, 0.7]])) == pytest.approx(0.316377, abs=1e-6)
    assert non_uniformity(Front([[3.0, 1.0]], [[0.25, 0.75]])) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 8])
def test_is_zero_where_weighted_objectives_are_equal_and_log_n_tasks_where_one_is_all(n_tasks: int) -> None:
    r = np.random.default_rng(0).dirichlet(np.full(n_tasks, 5.0), 50)
    assert non_uniformity(Front(0.3 / r, r)) == pytest.approx(0.0, abs=1e-12)
    for weights in r:  # not -1e-16 either
        assert non_uniformity(Front([0.3 / weights], [weights])) >= 0.0
    one = np.zeros_like(r)
    one[:, 0] = 0.7
    assert non_uniformity(Front(one, r)) == pytest.approx(math.log(n_tasks), abs=1e-12)
    assert non_uniformity(Front(np.zeros_like(r), r)) == pytest.approx(0.0, abs=1e-12)


@given(answers())
def test_is_the_mean_divergence_from_uniform_shares(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    objectives, r = drawn
    n_tasks, divergences = r.shape[1], []
    for weights, losses in zip(r, objectives, strict=True):
        weighted = [w * loss for w, loss in zip(weights, losses, strict=True)]
        shares = [w / sum(weighted) for w in weighted if w > 0]
        divergences.append(sum(s * math.log(n_tasks * s) for s in shares))
    value = non_uniformity(Front(objectives, r))
    assert value == pytest.approx(np.mean(divergences), abs=1e-12)
    assert 0.0 <= value <= math.log(n_tasks) + 1e-12


@given(answers(), st.randoms(use_true_random=False), st.floats(1e-3, 1e3))
def test_order_and_a_common_scale_do_not_matter(
    drawn: tuple[np.ndarray, np.ndarray], random: object, scale: float
) -> None:
    objectives, r = drawn
    points, tasks = list(range(r.shape[0])), list(range(r.shape[1]))
    random.shuffle(points)  # type: ignore[attr-defined]
    random.shuffle(tasks)  # type: ignore[attr-defined]
    value = non_uniformity(Front(objectives, r))
    assert non_uniformity(Front(objectives[points], r[points])) == value
    assert non_uniformity(Front(objectives[:, tasks], r[:, tasks])) == pytest.approx(value, abs=1e-12)
    assert non_uniformity(Front(objectives * scale, r)) == pytest.approx(value, abs=1e-12)


def test_grows_with_the_distance_from_the_ray() -> None:
    r = [[0.4, 0.6]]
    found = [non_uniformity(Front([[0.6 * stretch, 0.4]], r)) for stretch in (1.0, 1.5, 3.0, 100.0)]
    assert found == sorted(set(found))  # type: ignore[type-var]


def test_preferences_on_the_boundary_are_left_out() -> None:
    grid = simplex_grid(3, 5)
    inside = grid.min(axis=1) > 0
    objectives = np.random.default_rng(0).random(grid.shape)
    whole, interior = Front(objectives, grid), Front(objectives[inside], grid[inside])
    assert 0 < inside.sum() < len(grid)
    assert non_uniformity(whole) == non_uniformity(interior)
    residue = 1.0 - 0.7 - 0.3  # 5e-17
    assert residue > 0
    assert non_uniformity(Front([[1.0, 1.0, 1.0]], [[0.7, 0.3, residue]])) is None


def test_is_not_defined_without_preferences_inside_or_with_a_negative_objective() -> None:
    assert non_uniformity(Front([[0.5, 0.5]])) is None
    assert non_uniformity(Front(np.eye(3), np.eye(3))) is None
    half = [[0.5, 0.5], [0.5, 0.5]]
    assert non_uniformity(Front([[0.5, -0.01], [0.5, 0.5]], half)) is None
    assert non_uniformity(Front([[0.5, 0.0], [0.5, 0.5]], half)) == pytest.approx(math.log(2.0) / 2, abs=1e-12)
