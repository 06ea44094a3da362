"""A command is killed while its worker holds the interpreter's lock: nothing of it is left once others get the cell."""

import os
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from frontrunner.harness.records.cell_lock import CellLock

COMMAND = """
import sys, threading
from pathlib import Path
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.cells.plugins import load_plugins
from frontrunner.harness.records.cell_lock import CellLock
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.worker_process import preload, run_in_process

folder, plugins = Path(sys.argv[1]), sys.argv[2:]
load_plugins(plugins)
preload([], [])
options = {"how": "holds", "folder": str(folder / "processes")}
cell = make_cell("wild", "tiny", tasks=None, seed=0, options=options, points_per_edge=2)
with CellLock(folder / "lock", folder / "worker.lock"):
    request = CellRequest(
        cell, "cpu", tuple(plugins), folder / "scratch", folder / "checkpoints", folder / "worker.lock"
    )
    run_in_process(request, on_event=lambda _: None, stop=threading.Event())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes that leave the session are found on Linux")
@pytest.mark.parametrize("whole_group", [False, True])
def test_nothing_outlives_a_killed_command(whole_group, wild, tiny, tmp_path):
    for name in ("processes", "scratch"):
        (tmp_path / name).mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, tmp_path, tiny.__file__, wild.plugin], start_new_session=True
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "processes" / "ready").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(wild.living(tmp_path / "processes")) == 4
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
        with FileLock(tmp_path / "lock").acquire(timeout=0):  # which the system has freed at once
            pass
        with CellLock(tmp_path / "lock", tmp_path / "worker.lock").acquire(timeout=60):
            left = wild.living(tmp_path / "processes")
    finally:
        process.kill()
        process.wait()
        wild.end(tmp_path / "processes")
    assert left == []
