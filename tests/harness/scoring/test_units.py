import pytest

from frontrunner.harness.scoring.units import as_quality


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.43805, "0.4380"),
        (0.00096, "0.0010"),
        (0.00094, "9.4e-4"),
        (6.83e-12, "6.8e-12"),
        (-2.5e-5, "-2.5e-5"),
        (0.0, "0.0000"),
        (2e9, "2e+09"),
    ],
)
def test_a_quality_keeps_digits_however_small_it_is(value, shown):
    assert as_quality(value) == shown


def test_a_small_difference_shows_its_sign():
    assert [as_quality(value, "+") for value in (8.1e-4, -8.1e-4, 0.25)] == ["+8.1e-4", "-8.1e-4", "+0.2500"]
