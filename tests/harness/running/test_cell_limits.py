"""Limits of a cell as they are written, and as they are told."""

import typing

import pytest

import frontrunner as fr
from frontrunner.harness.bundle.content import NEVER_STARTED, CellEntry
from frontrunner.harness.records.status import Status
from frontrunner.harness.running.cell_limits import LEAST_MEMORY_BYTES, NO_LIMITS, CellLimits, as_duration, as_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("0.5h", 1800), (" 1H 5s ", 3605), ("1d", 86400)],
)
def test_a_duration_has_its_unit(text, seconds):
    assert CellLimits.parse(text, None) == CellLimits(timeout_s=seconds)
    assert CellLimits.parse(as_duration(seconds), None).timeout_s == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "m", "-5m", "0s", "0h0m", "5 minutes", "30m2h", "1e3s", "nan", "inf", "³s", "9" * 400 + "s"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(fr.ConfigError, match=r"--cell-timeout was to be a duration above 0 .* 30m.*; found"):
        CellLimits.parse(text, None)


@pytest.mark.parametrize(
    ("text", "n_bytes"), [("500MB", 500 * 10**6), ("8GB", 8 * 10**9), ("1.5 gib", 3 * 2**29), ("2TiB", 2**41)]
)
def test_a_size_has_its_unit(text, n_bytes):
    assert CellLimits.parse(None, text) == CellLimits(memory_bytes=n_bytes)


@pytest.mark.parametrize("text", ["", "8", "8G", "GB", "-8GB", "0GB", "8 bytes", "1e3GB", "nanGB", "9" * 400 + "GB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(fr.ConfigError, match=r"--cell-memory was to be a size above 0 .* 8GB.*; found"):
        CellLimits.parse(None, text)


@pytest.mark.parametrize("text", ["1B", "512KB", "8MB", "100MB", "299MB", "0.1GiB"])
def test_a_limit_that_no_worker_keeps_is_refused_with_the_least_that_one_may(text):
    with pytest.raises(
        fr.ConfigError, match=r"is 300MB at least, since Python with torch takes that much .*; found \S+B$"
    ):
        CellLimits.parse(None, text)


def test_a_limit_may_be_the_least_or_none():
    assert CellLimits.parse(None, "300MB").memory_bytes == LEAST_MEMORY_BYTES
    assert CellLimits.parse(None, None) == NO_LIMITS


@pytest.mark.parametrize(
    ("n_bytes", "told"),
    [
        (8.25e9, "8.25GB"),
        (512e6, "512MB"),
        (1.2344e12, "1,234GB"),
        (12.5e9, "12.5GB"),
        (1, "1B"),
        (2e3, "2KB"),
        (999, "999B"),
        (999_999, "1MB"),
        (999_999_999, "1GB"),
        (999_400_000, "999MB"),
        (999_999_999_999, "1,000GB"),
        (0, "0B"),
    ],
)
def test_a_size_is_told_in_three_digits(n_bytes, told):
    assert as_size(n_bytes) == told


@pytest.mark.parametrize(("seconds", "told"), [(0.2, "0.2s"), (90, "1m30s"), (3600, "1h"), (90061.5, "1d1h1m1.5s")])
def test_a_duration_is_told_in_its_units(seconds, told):
    assert as_duration(seconds) == told


def test_a_bundle_takes_every_ending_that_a_store_knows():
    shared = set(typing.get_args(typing.get_type_hints(CellEntry)["status"]))
    assert shared == {*Status, NEVER_STARTED} - {Status.RUNNING, Status.UNRECORDED}
