"""Metrics as MLflow shows them: rounded to what they mean, with memory in megabytes too."""

from __future__ import annotations

import math

import pytest

from frontrunner.harness.records.shown_metrics import rounded, with_megabytes, without_megabytes


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.45481910299999995, 0.4548),
        (0.000123456, 0.000123),
        (-0.000123456, -0.000123),
        (12345.678912, 12345.6789),
        (855.0, 855.0),
        (0.0, 0.0),
        (1e300, 1e300),
        (5e-324, 5e-324),
        (math.inf, math.inf),
    ],
)
def test_a_score_keeps_the_digits_that_mean_something(value, shown):
    assert rounded(value) == shown


def test_no_number_stays_none():
    assert math.isnan(rounded(math.nan))


def test_memory_is_in_megabytes_beside_its_bytes_and_read_once():
    costs = {"wall_time_s": 1.5, "peak_rss_bytes": 777245696.0, "mine_mb": 3.0}
    shown = with_megabytes(costs)
    assert list(shown) == ["wall_time_s", "peak_rss_bytes", "peak_rss_mb", "mine_mb"]
    assert shown["peak_rss_mb"] == 777.2
    assert without_megabytes(shown) == costs
