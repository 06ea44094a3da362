"""Means over seeds with their smoothed bootstrap-t intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrunner.metrics.statistics import MeanInterval, mean_interval, mean_intervals, paired_differences

numbers = st.lists(st.integers(-1000, 1000).map(lambda n: n / 8), min_size=2, max_size=12)
KNOWN_MEANS = {  # draws of a shape, and their true mean
    "normal": (lambda rng, shape: rng.normal(0.7, 3.0, shape), 0.7),
    "uniform": (lambda rng, shape: rng.uniform(0, 1, shape), 0.5),
    "lognormal": (lambda rng, shape: rng.lognormal(0, 0.5, shape), np.exp(0.125)),
}


def near(interval, *, width):
    """Ends as they must be, up to the rounding of single precision."""
    return pytest.approx((interval.low, interval.high), abs=1e-4 * width + 1e-9)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20])
@pytest.mark.parametrize("draws", KNOWN_MEANS)
def test_it_holds_the_true_mean_as_often_as_it_says(draws, n):
    draw, mean = KNOWN_MEANS[draws]
    found = mean_intervals(draw(np.random.default_rng(n), (4000, n)))
    share = np.mean([interval.holds(mean) for interval in found])
    assert 0.92 < share < 0.98  # a percentile interval: 0.5 for two values, 0.76 for three, 0.9 for ten


def test_it_follows_skewness_where_students_t_does_not():
    draws = np.random.default_rng(0).exponential(size=(4000, 15))
    missed = [(interval.high < 1, interval.low > 1) for interval in mean_intervals(draws)]
    half = stats.t.ppf(0.975, 14) * draws.std(axis=1, ddof=1) / np.sqrt(15)
    too_low = np.mean(draws.mean(axis=1) + half < 1)
    assert np.mean(missed, axis=0)[0] < 0.75 * too_low
    tail = mean_interval([1, 2, 3, 4, 50])
    assert tail.high - tail.mean > 1.5 * (tail.mean - tail.low)


def by_definition(values, n_resamples=200_000):
    """The interval as it is defined, from far more resamples."""
    rng, values = np.random.default_rng(1), np.array(values, dtype=float)
    n, mean, error = len(values), values.mean(), stats.sem(values)
    resamples = rng.choice(values, (n_resamples, n)) + rng.normal(0, error, (n_resamples, n))
    t = (resamples.mean(axis=1) - mean) / (resamples.std(axis=1, ddof=1) / np.sqrt(n))
    low, high = np.quantile(t, [0.025, 0.975])
    return mean - high * error, mean - low * error


@pytest.mark.parametrize(
    ("values", "tolerance"),
    [([1, 2, 3], 0.03), (range(10), 0.015), ([1, 2, 3, 4, 50], 0.1), ([0, 0, 0, 1, 1, 7, 9], 0.1)],  # of the width
    ids=str,
)
def test_it_is_as_near_its_definition_as_its_draws_allow(values, tolerance):
    found, (low, high) = mean_interval(list(values)), by_definition(values)
    assert (found.low, found.high) == pytest.approx((low, high), abs=tolerance * (high - low))


def test_of_many_values_it_is_the_normal_interval():
    values = np.random.default_rng(0).uniform(size=400)
    found = mean_interval(values)
    half = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


@given(numbers, st.randoms())
def test_the_same_values_in_any_order_have_the_same_interval(values, random):
    assert mean_interval(random.sample(values, len(values))) == mean_interval(values)


@given(numbers, st.floats(-100, 100), st.floats(0.01, 100))
def test_a_shift_moves_it_and_a_scale_stretches_it(values, shift, scale):
    found = mean_interval(values)
    width = found.high - found.low
    moved = mean_interval([scale * value + shift for value in values])
    assert moved.mean == pytest.approx(scale * found.mean + shift, abs=1e-9)
    assert near(moved, width=scale * width) == (scale * found.low + shift, scale * found.high + shift)


@given(numbers)
def test_the_interval_of_negated_values_is_turned_around(values):
    found, turned = mean_interval(values), mean_interval([-value for value in values])
    assert near(turned, width=found.high - found.low) == (-found.high, -found.low)


@given(numbers)
def test_more_confidence_widens_it(values):
    narrow, usual, wide = (mean_interval(values, confidence) for confidence in (0.8, 0.95, 0.99))
    assert wide.low <= usual.low <= narrow.low <= narrow.high <= usual.high <= wide.high
    assert usual.low <= usual.mean <= usual.high


@pytest.mark.parametrize("value", [0.1, 0.0, -1e300, 5e-324])
def test_equal_values_have_no_width(value):
    assert mean_interval([value] * 3) == MeanInterval(value, value, value, 3)


def test_tiny_differences_are_not_lost():
    small, usual = mean_interval([1e-300, 2e-300, 4e-300]), mean_interval([1, 2, 4])
    assert (small.low * 1e300, small.high * 1e300) == pytest.approx((usual.low, usual.high), rel=1e-5)


def test_one_value_says_nothing_about_others():
    assert mean_interval([0.25]) == MeanInterval(0.25, None, None, 1)
    assert not mean_interval([0.25]).holds(0.25)


@given(st.lists(st.lists(st.integers(-20, 20), min_size=1, max_size=5), max_size=6))
def test_many_samples_are_as_each_alone(samples):
    found = mean_intervals(samples)
    assert len(found) == len(samples)
    for interval, values in zip(found, samples, strict=True):
        alone = mean_interval(values)
        assert (interval.mean, interval.n) == (pytest.approx(np.mean(values)), len(values)) == (alone.mean, alone.n)
        if interval.n > 1:
            assert near(interval, width=alone.high - alone.low) == (alone.low, alone.high)


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")], [1.0, float("nan"), 2.0]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="expected one finite value or more, found"):
        mean_interval(values)
    with pytest.raises(ValueError, match="expected one finite value or more, found"):
        mean_intervals([[1.0, 2.0], values])


@pytest.mark.parametrize("confidence", [-0.1, 0.9999, 1.0, 95])
def test_a_confidence_that_resamples_cannot_show_is_refused(confidence):
    with pytest.raises(ValueError, match=f"at most 0.999, found {confidence}"):
        mean_interval([1.0, 2.0], confidence)


def test_differences_are_paired_by_what_both_have():
    values = {("a", 1): 3.0, ("a", 2): 12.0, ("b", 1): 101.0, ("b", 7): 5.0}
    baseline = {("b", 1): 100.0, ("a", 2): 10.0, ("a", 1): 0.0, ("c", 1): -5.0}
    assert paired_differences(values, baseline) == mean_interval([3.0, 2.0, 1.0])
    assert paired_differences(values, baseline, 0.5) == mean_interval([3.0, 2.0, 1.0], 0.5)
    assert paired_differences(values, {("c", 1): 1.0}) is None
    assert paired_differences(values, {("b", 7): 4.0}) == MeanInterval(1.0, None, None, 1)
