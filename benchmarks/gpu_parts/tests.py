"""Run the tests that need a GPU."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from .run_parts import ROW

ROOT = Path(__file__).parents[2]
OUTCOMES = {"failure": "failed", "error": "failed", "skipped": "skipped"}
"""What JUnit calls an end, and what it is called here."""
OPTIONS = ["-m", "cuda", "-n", "0", "-p", "no:cacheprovider", "-q"]


def measure(device, done):  # noqa: ARG001 - as every part; tests find the device, and all run again
    """Print a row for every test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "tests.xml"
        command = [sys.executable, "-m", "pytest", *OPTIONS, f"--junitxml={report}", *files_of(ROOT)]
        status = subprocess.run(command, check=False, cwd=ROOT, stdout=sys.stderr).returncode
        if not report.exists():
            sys.exit(f"pytest ended with status {status} before it ran a test")
        rows = list(rows_of(report))
    for row in rows:
        print(ROW + json.dumps(row), flush=True)
    if status not in (0, 5):
        sys.exit(f"{sum(row['outcome'] == 'failed' for row in rows)} of {len(rows)} tests failed")


def files_of(root):
    """Return the test files that have tests with the mark `cuda`."""
    found = (file for file in sorted((root / "tests").rglob("test_*.py")) if "mark.cuda" in file.read_text("utf-8"))
    return [str(file.relative_to(root)) for file in found]


def rows_of(report):
    """Yield a row a test of a report as JUnit has it."""
    for case in ElementTree.parse(report).iter("testcase"):
        ended = next((case.find(kind) for kind in OUTCOMES if case.find(kind) is not None), None)
        yield {
            "name": f"{case.get('classname', '').removeprefix('tests.')}::{case.get('name')}",
            "outcome": "passed" if ended is None else OUTCOMES[ended.tag],
            "seconds": round(float(case.get("time", 0)), 2),
            **({} if ended is None else {"reason": " ".join(ended.get("message", "").split())[:300]}),
        }
