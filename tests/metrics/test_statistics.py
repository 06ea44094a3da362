"""Means over seeds with Student's interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrunner.metrics.statistics import MeanInterval, mean_interval

numbers = st.lists(st.integers(-1000, 1000).map(lambda n: n / 8), min_size=2, max_size=12)


@given(numbers, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_it_is_students_interval(values, confidence):
    found = mean_interval(values, confidence)
    spread = np.std(values, ddof=1)
    assert (found.mean, found.n) == (pytest.approx(np.mean(values)), len(values))
    if spread == 0:
        assert found.low == found.mean == found.high
        return
    by_distribution = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    by_test = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx(by_distribution)
    assert (found.low, found.high) == pytest.approx((by_test.low, by_test.high))


def test_one_value_says_nothing_about_others():
    assert mean_interval([0.25]) == MeanInterval(0.25, None, None, 1)


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")], [1.0, float("nan"), 2.0]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="expected one finite value or more, found"):
        mean_interval(values)


@pytest.mark.parametrize("n", [2, 3, 12])
def test_it_holds_the_true_mean_as_often_as_it_says(n):
    draws = np.random.default_rng(n).normal(0.7, 3.0, size=(2000, n))
    found = [mean_interval(values) for values in draws]
    share = np.mean([one.low <= 0.7 <= one.high for one in found])
    assert share == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 2000))


@given(numbers, st.floats(-100, 100))
def test_a_shift_moves_it_and_more_confidence_widens_it(values, shift):
    found, moved = mean_interval(values), mean_interval([value + shift for value in values])
    assert moved.low == pytest.approx(found.low + shift, abs=1e-9)
    wide = mean_interval(values, 0.99)
    assert wide.low <= found.low <= found.mean <= found.high <= wide.high
