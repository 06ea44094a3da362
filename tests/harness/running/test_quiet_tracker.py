"""After `kill -9` of a command nothing is printed to its terminal of semaphores that Python removes."""

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such process")
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
DRAWING = f"""
from frontrunner.harness.reports.drawing import make_executor
executor = make_executor()
executor.submit(len, "").result()
{KILLED}
"""
ALONE = f"""
import multiprocessing
lock = multiprocessing.get_context("spawn").Lock()
{KILLED}
"""


def told_after_the_kill(program):
    """What came to standard error until every process that holds it had ended."""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    return ended.stderr


def test_a_killed_command_whose_pictures_were_drawn_prints_nothing_later():
    assert told_after_the_kill(DRAWING) == ""


def test_python_alone_would_print():
    assert "leaked semaphore" in told_after_the_kill(ALONE)
