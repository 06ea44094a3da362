"""Hypervolume of many objectives: sliced, published and closed-form values, the time budget and the estimate."""

from __future__ import annotations

import importlib.resources
import math
from itertools import combinations, product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import ConfigError, FrontError
from frontrunner.metrics import Front, Hypervolume, hypervolume, sliced_hypervolume

# Multiples of 1/8 on both sides of the reference point 1 make ties, repeated and dominated points likely.
eighths = st.integers(0, 9).map(lambda n: n / 8)
many_objectives = st.integers(4, 8)
# Fronts small enough for the tests are leaves; so are sliced down to three objectives.
slicing_everything = patch.dict(sliced_hypervolume.LEAF_POINTS, dict.fromkeys(range(4, 9), 1))


def fronts_of(n_objectives: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(1, 7), st.just(n_objectives)), elements=eighths)


def sphere(n_points: int, n_objectives: int, seed: int = 0) -> np.ndarray:
    """Points at random on the positive part of the unit sphere, the front of DTLZ2."""
    points = np.abs(np.random.default_rng(seed).normal(size=(n_points, n_objectives)))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def union_of_boxes(lower_corners: np.ndarray) -> float:
    """Volume of the union of the boxes from each corner to the point of ones, by inclusion and exclusion."""
    return math.fsum(
        (-1) ** (k + 1) * float(np.prod(np.clip(1.0 - np.max(chosen, axis=0), 0.0, None)))
        for k in range(1, len(lower_corners) + 1)
        for chosen in combinations(lower_corners, k)
    )


def volume(points: np.ndarray, reference: float = 1.0, **options: float) -> Hypervolume:
    return hypervolume(Front(points), np.full(points.shape[1], reference), **options)


@slicing_everything
@given(many_objectives.flatmap(fronts_of))
def test_slices_add_up_to_the_union_of_boxes(points: np.ndarray) -> None:
    found = volume(points)
    assert found.exact
    assert found.error == 0.0
    assert found.value == pytest.approx(union_of_boxes(points), rel=1e-12, abs=1e-15)


@slicing_everything
@given(many_objectives.flatmap(lambda T: st.tuples(fronts_of(T), fronts_of(T))))
def test_adding_points_never_hurts_a_sliced_volume(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    assert volume(np.concatenate(drawn)).value >= volume(drawn[0]).value - 1e-14


@slicing_everything
@given(many_objectives.flatmap(fronts_of), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.125, 3.0]))
def test_order_duplicates_and_dominated_points_change_no_bit_of_a_sliced_volume(
    points: np.ndarray, random: object, worse_by: float
) -> None:
    rows = [*points, *points, *(points + worse_by)]
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert volume(np.array(rows)) == volume(points)


@slicing_everything
@given(many_objectives.flatmap(fronts_of), st.lists(st.integers(-20, 20), min_size=8, max_size=8))
def test_powers_of_two_as_units_change_no_bit_of_a_sliced_volume(points: np.ndarray, powers: list[int]) -> None:
    scale = np.exp2(powers[: points.shape[1]])
    assert hypervolume(Front(points * scale), scale).value == volume(points).value * np.prod(scale)


@slicing_everything
@given(many_objectives.flatmap(fronts_of), st.lists(st.floats(0.01, 100.0), min_size=8, max_size=8))
def test_a_sliced_volume_scales_with_the_units(points: np.ndarray, scales: list[float]) -> None:
    scale = np.array(scales[: points.shape[1]])
    expected = volume(points).value * np.prod(scale)
    assert hypervolume(Front(points * scale), scale).value == pytest.approx(
        expected, rel=1e-9, abs=1e-12 * np.prod(scale)
    )


@pytest.mark.parametrize("n_objectives", range(2, 9))
def test_pygmo_finds_the_same(n_objectives: int) -> None:
    pygmo = pytest.importorskip("pygmo", reason="pygmo has wheels for Linux on x86-64 only")
    rng = np.random.default_rng(n_objectives)
    tied = rng.integers(0, 8, (60, n_objectives)) / 8
    smooth = sphere(130 if n_objectives <= 6 else 60, n_objectives, seed=n_objectives)
    beyond = smooth[:20] + rng.uniform(0, 1, (20, n_objectives))
    for points in (tied, smooth, np.concatenate([tied, smooth, smooth[::2], smooth[:40] + 0.01, beyond])):
        for reference in (1.0, 1.1, 30.0):
            inside = points[(points < reference).all(axis=1)]
            expected = pygmo.hypervolume(inside).compute(np.full(n_objectives, reference), pygmo.hvwfg())
            assert volume(points, reference).value == pytest.approx(expected, rel=1e-9)
    if n_objectives > 5:
        assert not sliced_hypervolume.fits_a_leaf(*smooth.shape)


@pytest.mark.parametrize(("n_objectives", "total"), [(3, 9), (4, 7), (5, 5), (6, 4), (7, 4), (8, 3), (8, 4)])
def test_the_simplex_lattice_covers_all_cells_but_those_below_it(n_objectives: int, total: int) -> None:
    # Of the (H + 1)^T unit cells with corners 0 ... H, those whose coordinates add up to less than H stay free.
    lattice = [cell for cell in product(range(total + 1), repeat=n_objectives) if sum(cell) == total]
    free = math.comb(total - 1 + n_objectives, n_objectives)
    assert volume(np.array(lattice), total + 1).value == (total + 1) ** n_objectives - free


@pytest.mark.parametrize("n_objectives", range(2, 10))
def test_unit_vectors_as_in_optuna(n_objectives: int) -> None:
    # optuna/optuna, tests/hypervolume_tests/test_wfg.py, test_wfg_nd: all of the cube but the unit cell at 0
    dominated = np.random.RandomState(42).randint(1, 10, size=(10, n_objectives))
    assert volume(np.vstack([np.identity(n_objectives), dominated]), 10).value == 10**n_objectives - 1


@pytest.mark.parametrize(
    ("points", "reference", "expected"),
    [
        # moocore, documentation of hypervolume
        ([[5, 5], [4, 6], [2, 7], [7, 4]], 10, 38),
        # esa/pagmo2, tests/hypervolume.cpp, hypervolume_compute_test
        ([[2.3, 4.5], [3.4, 3.4], [6.0, 1.2]], 7, 17.91),
        ([[2.3, 4.5, 3.2], [3.4, 3.4, 3.4], [6.0, 1.2, 3.6]], 7, 66.386),
        ([[2.3, 4.5, 3.2, 1.9, 6.0], [3.4, 3.4, 3.4, 2.1, 5.8], [6.0, 1.2, 3.6, 3.0, 6.0]], 7, 373.21228),
        # CMA-ES/moarchiving, tests/test_moarchiving3obj.py, test_hypervolume_easy
        ([[1, 2, 3], [2, 3, 1], [3, 1, 2]], 4, 13),
        # jMetal/jMetalPy, jmetal/util/test/test_quality_indicator.py
        ([[1, 0, 1], [0, 1, 0]], 2, 5),
    ],
)
def test_published_values(points: list[list[float]], reference: float, expected: float) -> None:
    assert volume(np.array(points), reference).value == pytest.approx(expected, rel=1e-14)
    with slicing_everything:
        assert volume(np.array(points), reference).value == pytest.approx(expected, rel=1e-14)


def test_a_published_value_of_nine_objectives() -> None:
    # moocore, documentation of hv_approx: 100 points of its data, normalised to [1, 2], to maximise above 0.9
    data = importlib.resources.files("moocore") / "data" / "ran.10pts.9d.10"
    if not data.is_file():
        pytest.skip("this moocore does not ship the data")
    with importlib.resources.as_file(data) as path:
        objectives = Front(np.loadtxt(path)).non_dominated().objectives
    best, worst = objectives.min(axis=0), objectives.max(axis=0)
    found = volume(-(2 - (objectives - best) / (worst - best)), -0.9)
    assert not sliced_hypervolume.fits_a_leaf(*objectives.shape)
    assert found.value == pytest.approx(0.483633123747, abs=5e-13)


class Clock:
    """A clock that goes one second further whenever somebody looks."""

    def __init__(self) -> None:
        self.now_s = 0

    def monotonic(self) -> float:
        self.now_s += 1
        return float(self.now_s)


@pytest.mark.parametrize("budget_s", [1, 10, 90])
def test_the_budget_ends_inside_the_slicing(budget_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, points = Clock(), sphere(150, 6)
    in_time = volume(points, time_budget_s=math.inf)
    monkeypatch.setattr("frontrunner.metrics.sliced_hypervolume.time", clock)
    monkeypatch.setattr("time.monotonic", clock.monotonic)
    late = volume(points, time_budget_s=budget_s)
    assert clock.now_s == 1 + budget_s
    assert late == volume(points, time_budget_s=0)
    assert in_time == volume(points, time_budget_s=1000)
    assert [late.exact, in_time.exact] == [False, True]


@pytest.mark.parametrize("n_objectives", [2, 5, 8])
def test_a_budget_of_zero_estimates_at_once_and_repeats_to_the_bit(n_objectives: int) -> None:
    points = sphere(40, n_objectives)
    estimate, exact = volume(points, time_budget_s=0), volume(points)
    noisy = np.concatenate([points[::-1], points + 0.01, points])
    assert estimate == volume(points, time_budget_s=0) == volume(noisy, time_budget_s=0)
    assert [estimate.exact, exact.exact] == [False, True]
    assert 0 < estimate.error < 0.02 * exact.value
    assert abs(estimate.value - exact.value) < 2 * estimate.error


@pytest.mark.slow
def test_the_error_of_an_estimate_is_half_a_95_percent_interval() -> None:
    fronts = [sphere(8, n_objectives, seed) for n_objectives in (2, 4, 6) for seed in range(20)]
    covered = [abs(volume(front, time_budget_s=0).value - volume(front).value) for front in fronts]
    shares = np.array(covered) / [volume(front, time_budget_s=0).error for front in fronts]
    # Of 60 intervals, 57 are expected to hold the truth; half as wide, 40 would; twice as wide, all and with ease.
    assert 52 <= (shares <= 1).sum() <= 60
    assert 30 <= (shares <= 0.5).sum() <= 50


def test_an_estimate_and_its_error_scale_with_the_units() -> None:
    points, scale = sphere(30, 8), 2.0**100
    small, large = volume(points, 1.1, time_budget_s=0), volume(points * scale, 1.1 * scale, time_budget_s=0)
    assert large.value == pytest.approx(small.value * scale**8, rel=1e-12)
    assert large.error == pytest.approx(small.error * scale**8, rel=1e-9)


def test_little_time_is_enough_for_what_moocore_does_at_once() -> None:
    assert volume(sphere(30, 5), time_budget_s=1e-9).exact


def test_an_estimate_of_nothing_is_exact() -> None:
    assert volume(np.full((1, 8), 2.0), time_budget_s=0) == Hypervolume(0.0, exact=True, error=0.0)


@pytest.mark.parametrize("budget_s", [-1, -1e-9, math.nan, -math.inf, "soon", None])
def test_a_broken_budget_is_refused(budget_s: object) -> None:
    with pytest.raises(ConfigError, match=r"time_budget_s is a number of seconds, 0 or more; found .*, 0 estimates"):
        hypervolume(Front([[0.1, 0.2]]), [1, 1], time_budget_s=budget_s)  # type: ignore[arg-type]


@pytest.mark.parametrize("budget_s", [0, 60])
@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_broken_front_never_scores(broken: float, budget_s: float) -> None:
    points = sphere(120, 8)
    points[7, 3] = broken
    with pytest.raises(FrontError, match="row 7"):
        volume(points, time_budget_s=budget_s)


@pytest.mark.parametrize("budget_s", [0, 60])
@pytest.mark.parametrize("scale", [1e60, 1e100])  # only the volume overflows; every slice does
def test_a_sliced_volume_that_overflows_is_refused(scale: float, budget_s: float) -> None:
    with pytest.raises(FrontError, match="hypervolume of these objectives is too large for a float"):
        volume(scale * sphere(150, 6), 1.1 * scale, time_budget_s=budget_s)
