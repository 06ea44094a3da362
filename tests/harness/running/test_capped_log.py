"""A log keeps its first and its last bytes, and says how many it has left out."""

import re
from pathlib import Path

import pytest

from frontrunner.harness.running.capped_log import CappedLog


def logged(folder, printed, *, at_once):
    log = CappedLog(folder / "worker.log", head_bytes=100, tail_bytes=50)
    for start in range(0, len(printed), at_once):
        log.write(printed[start : start + at_once])
    log.close()
    return (folder / "worker.log").read_bytes()


@pytest.mark.parametrize("at_once", [1, 7, 64, 10_000])
@pytest.mark.parametrize("n_lines", [0, 1, 16, 17])
def test_a_short_log_is_kept_whole(n_lines, at_once, tmp_path):
    printed = b"a line 8\n" * n_lines
    assert len(printed) <= 100 + 2 * 50
    assert logged(tmp_path, printed[:150], at_once=at_once) == printed[:150]


@pytest.mark.parametrize("at_once", [1, 7, 64, 10_000])
def test_of_a_long_one_whole_lines_are_kept_at_its_end(at_once, tmp_path):
    lines = [f"line {i}".encode() for i in range(1000)]
    printed = b"\n".join(lines)
    found = logged(tmp_path, printed, at_once=at_once)
    assert found.startswith(printed[:100])
    begin, n_bytes, end = re.split(rb"\n\[\.\.\. ([\d,]+) bytes of the log are left out here \.\.\.\]\n", found)
    assert begin == printed[:100]
    assert end.split(b"\n") == lines[-5:]
    assert len(begin) + len(end) + int(n_bytes.replace(b",", b"")) == len(printed)


def test_what_grows_without_end_takes_bounded_memory_and_disk(tmp_path):
    log = CappedLog(tmp_path / "worker.log", head_bytes=100, tail_bytes=50)
    for _ in range(1000):
        log.write(b"x" * 500)
        assert len(log._tail) <= 100
    log.close()
    assert (tmp_path / "worker.log").stat().st_size < 300


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_no_error():
    log = CappedLog(Path("/dev/full"))
    log.write(b"more than fits")
    log.close()
