"""Measured seconds keep the digits that mean something."""

import pytest

from frontrunner.harness.running.rounded_seconds import rounded_seconds


@pytest.mark.parametrize(
    ("measured", "shown"),
    [(12.345678912, 12.346), (1234.56789, 1234.568), (0.0123456, 0.01235), (1.23456e-7, 1.235e-7), (0.0, 0.0)],
)
def test_seconds_keep_milliseconds_or_four_digits(measured, shown):
    assert rounded_seconds(measured) == shown
    assert rounded_seconds(shown) == shown
