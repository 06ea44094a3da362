"""A plugin of pytest that writes a row for every test as soon as it has ended; see `tests`.

Rows go to the standard output that the process was given, and all that pytest and the tests say to standard error.
"""

import json
import os

from .run_parts import ROW
from .tests import DONE

_rows = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def pytest_collection_modifyitems(items):
    done = set(json.loads(os.environ.get(DONE, "[]")))
    items[:] = [item for item in items if name_of(item.nodeid) not in done]


def pytest_runtest_logreport(report):
    if report.when != "call" and report.passed:  # a part of a test that goes on, or has a row
        return
    row = {"name": name_of(report.nodeid), "outcome": report.outcome, "seconds": round(report.duration, 2)}
    if not report.passed:
        row["reason"] = " ".join(_reason(report.longrepr).split())[:300]
    print(ROW + json.dumps(row), file=_rows, flush=True)


def name_of(nodeid):
    """Return a test's name without the folder of all tests."""
    return nodeid.removeprefix("tests/")


def _reason(longrepr):
    """Return why a test was skipped or has failed, of what pytest has for it."""
    if isinstance(longrepr, tuple):
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    return crash.message if crash is not None else str(longrepr)
