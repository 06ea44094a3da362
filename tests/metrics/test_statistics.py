"""Means over seeds with their Student's t intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrunner.metrics.statistics import MeanInterval, mean_interval, mean_intervals, paired_differences, widened

numbers = st.lists(st.integers(-1000, 1000).map(lambda n: n / 8), min_size=3, max_size=12)
KNOWN_MEANS = {  # draws of a shape, and their true mean
    "normal": (lambda rng, shape: rng.normal(0.7, 3.0, shape), 0.7),
    "uniform": (lambda rng, shape: rng.uniform(0, 1, shape), 0.5),
    "lognormal": (lambda rng, shape: rng.lognormal(0, 0.5, shape), np.exp(0.125)),
}


def near(interval, *, width):
    """Ends as they must be, up to the rounding of single precision."""
    return pytest.approx((interval.low, interval.high), abs=1e-4 * width + 1e-9)


@pytest.mark.parametrize("n", [3, 5, 10, 20])
@pytest.mark.parametrize("draws", KNOWN_MEANS)
def test_it_holds_the_true_mean_as_often_as_it_says(draws, n):
    draw, mean = KNOWN_MEANS[draws]
    found = mean_intervals(draw(np.random.default_rng(n), (4000, n)))
    share = np.mean([interval.holds(mean) for interval in found])
    assert 0.9 < share < 0.98  # a percentile interval: 0.75 for three normal values, 0.9 for ten


def test_of_normal_values_it_holds_the_true_mean_exactly_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(0.7, 3.0, (40_000, 3))
    for confidence in (0.5, 0.95, 0.99):
        share = np.mean([interval.holds(0.7) for interval in mean_intervals(draws, confidence)])
        assert share == pytest.approx(confidence, abs=4 * np.sqrt(confidence * (1 - confidence) / 40_000))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("values", [[1, 2, 3], range(10), [1, 2, 3, 4, 50], [0, 0, 0, 1, 1, 7, 9]], ids=str)
def test_it_is_scipys(values, confidence):
    found = mean_interval(list(values), confidence)
    expected = stats.ttest_1samp(list(values), 0.0).confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-15)


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


@pytest.mark.parametrize("values", [[0.25], [0.25, 0.25], [0.125, 0.375]], ids=str)
def test_fewer_than_three_values_have_no_interval(values):
    assert mean_interval(values) == MeanInterval(0.25, None, None, len(values))
    assert not mean_interval(values).holds(0.25)


@given(st.lists(st.lists(st.integers(-20, 20), min_size=1, max_size=5), max_size=6))
def test_many_samples_are_as_each_alone(samples):
    found = mean_intervals(samples)
    assert len(found) == len(samples)
    for interval, values in zip(found, samples, strict=True):
        alone = mean_interval(values)
        assert (interval.mean, interval.n) == (pytest.approx(np.mean(values)), len(values)) == (alone.mean, alone.n)
        assert (interval.low is None, interval.high is None) == (interval.n < 3, interval.n < 3)
        if interval.n > 2:
            assert near(interval, width=alone.high - alone.low) == (alone.low, alone.high)


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")], [1.0, float("nan"), 2.0]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="expected one finite value or more, found"):
        mean_interval(values)
    with pytest.raises(ValueError, match="expected one finite value or more, found"):
        mean_intervals([[1.0, 2.0], values])


@pytest.mark.parametrize("confidence", [-0.1, 0.9999, 1.0, 95])
def test_a_confidence_that_few_values_cannot_show_is_refused(confidence):
    with pytest.raises(ValueError, match=f"at most 0.999, found {confidence}"):
        mean_interval([1.0, 2.0], confidence)


def test_differences_are_paired_by_what_both_have():
    values = {("a", 1): 3.0, ("a", 2): 12.0, ("b", 1): 101.0, ("b", 7): 5.0}
    baseline = {("b", 1): 100.0, ("a", 2): 10.0, ("a", 1): 0.0, ("c", 1): -5.0}
    assert paired_differences(values, baseline) == mean_interval([3.0, 2.0, 1.0])
    assert paired_differences(values, baseline, 0.5) == mean_interval([3.0, 2.0, 1.0], 0.5)
    assert paired_differences(values, {("c", 1): 1.0}) is None
    assert paired_differences(values, {("b", 7): 4.0}) == MeanInterval(1.0, None, None, 1)
    assert paired_differences(values, {("b", 7): 4.0, ("b", 1): 98.0}) == MeanInterval(2.0, None, None, 2)


def test_noise_of_another_source_is_added_as_variances_are():
    interval = MeanInterval(0.5, 0.2, 0.8, 3)
    assert widened(interval, 0.0) == interval
    wide = widened(interval, 0.4 / stats.norm.ppf(0.975))  # half widths of 0.3 and 0.4
    assert (wide.low, wide.high, wide.mean, wide.n) == (pytest.approx(0.0), pytest.approx(1.0), 0.5, 3)
    without = MeanInterval(0.5, None, None, 2)
    assert widened(without, 0.1) == without


def test_with_another_source_it_holds_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 2.0, (4000, 1))  # the same for all values of a sample, as one test set is for all seeds
    found = mean_intervals(shared + rng.normal(0.7, 1.0, (4000, 3)))
    assert np.mean([interval.holds(0.7) for interval in found]) < 0.8
    assert np.mean([widened(interval, 2.0).holds(0.7) for interval in found]) > 0.94
