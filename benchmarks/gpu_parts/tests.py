"""Run the tests that need a GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DONE = "FRONTRUNNER_DONE_TESTS"
"""The environment variable with the names of tests that are left out, as JSON."""
PLUGIN = ["-p", "gpu_parts.told_rows"]
"""Has pytest write rows as tests end."""
OPTIONS = ["-m", "cuda", "-n", "0", "-p", "no:cacheprovider", "-q"]
NOTHING_TO_RUN = 5
"""Pytest's status where it has found no test."""


def measure(device, done):  # noqa: ARG001 - as every part; tests find the device
    """Have a row printed for every test that is not done."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, DONE: json.dumps(done)}
    command = [sys.executable, "-m", "pytest", *PLUGIN, *OPTIONS, *files_of(ROOT)]
    status = subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode
    if status not in (0, NOTHING_TO_RUN):
        sys.exit(f"pytest ended with status {status}")


def files_of(root):
    """Return the test files that have tests with the mark `cuda`."""
    found = (file for file in sorted((root / "tests").rglob("test_*.py")) if "mark.cuda" in file.read_text("utf-8"))
    return [str(file.relative_to(root)) for file in found]
