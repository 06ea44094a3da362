"""Run the tests that need a GPU."""

import json
import os
import sys
from pathlib import Path

import pytest

from .run_parts import ROW

ROOT = Path(__file__).parents[2]
OPTIONS = ["-m", "cuda", "-n", "0", "-p", "no:cacheprovider", "-q"]


def measure(device, done):  # noqa: ARG001 - as every part; tests find the device
    """Print a row for every test that is not done, as soon as it has ended."""
    os.chdir(ROOT)
    told = TestRows(done)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as told.rows:
        os.dup2(2, 1)  # what pytest and the tests say goes to the log
        status = pytest.main([*OPTIONS, *files_of(ROOT)], plugins=[told])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"{told.n_failed} tests failed; pytest ended with status {int(status)}")


class TestRows:
    """A plugin of pytest that leaves out tests that are done and writes a row for each of the others.

    Args:
        done: names of tests.
    """

    __test__ = False
    rows = sys.stdout
    """Where rows are written."""

    def __init__(self, done):
        self._done = set(done)
        self.n_failed = 0

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if name_of(item.nodeid) not in self._done]

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.passed:  # a part of a test that goes on
            return
        if report.when == "teardown" and report.failed:  # its row is there
            self.n_failed += 1
            return
        self.n_failed += report.failed
        row = {"name": name_of(report.nodeid), "outcome": report.outcome, "seconds": round(report.duration, 2)}
        if not report.passed:
            reason = report.longrepr[2] if report.skipped else report.longrepr.reprcrash.message
            row["reason"] = " ".join(reason.split())[:300]
        print(ROW + json.dumps(row), file=self.rows, flush=True)


def files_of(root):
    """Return the test files that have tests with the mark `cuda`."""
    found = (file for file in sorted((root / "tests").rglob("test_*.py")) if "mark.cuda" in file.read_text("utf-8"))
    return [str(file.relative_to(root)) for file in found]


def name_of(nodeid):
    """Return a test's name without the folder of all tests."""
    return nodeid.removeprefix("tests/")
