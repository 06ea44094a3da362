"""A worker that hangs, leaks, forks or prints without end is ended with all that it started, and its row says why."""

import multiprocessing
import re
import subprocess
import sys

import psutil
import pytest
from filelock import FileLock, Timeout

from frontrunner.harness.records.run_files import LOG
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running import worker_process
from frontrunner.harness.running.cell_limits import CellLimits
from frontrunner.harness.running.worker_events import Ended, PhaseStarted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes that leave the session are found on Linux")


def test_a_keeper_has_not_imported_torch_before_it_forks():
    """Else CUDA, once a keeper had begun with it, could not be used in its worker; and it would be slow to start."""
    slow = "import sys, frontrunner.harness.running.keeper; print({'torch', 'mlflow', 'numpy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", slow], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "set()\n"


@pytest.mark.parametrize("how", ["holds", "prints", "sleeps"])
def test_a_worker_over_its_time_ends_with_all_that_it_started(how, run_wild, tmp_path):
    ran = run_wild(how, limits=lambda _: CellLimits(timeout_s=0.3))
    assert (ran.ending.status, ran.ending.resumable) == ("timed out", True)
    told = re.fullmatch(
        r"it was ended in the phase fit when it had taken ([\d.]+)s, and its limit of time is 0\.3s; no "
        "checkpoint of its fit is kept; --cell-timeout sets the limit",
        ran.ending.reason,
    )
    assert float(told[1]) >= 0.3
    assert (ran.alive, ran.n_processes) == ([], 4)
    assert (tmp_path / "scratch" / LOG).stat().st_size < 4e6
    assert ("left out" in ran.log) == (how == "prints" and len(ran.log) > 2.9e6)


def test_a_checkpoint_is_told(run_wild, tmp_path):
    def limits(_):
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "fit.json").touch()
        return CellLimits(timeout_s=0.1)

    ran = run_wild("sleeps", limits=limits)
    assert "the same command goes on from its last checkpoint; --cell-timeout" in ran.ending.reason


def test_memory_is_that_of_all_processes_each_page_once(run_wild):
    found = []

    def limits(tree):
        found.append((tree.resident_bytes(), tree.added_up_bytes()))
        return CellLimits(memory_bytes=found[0][0] - 60_000_000)

    ran = run_wild("grows", limits=limits)
    assert ran.ending.status == "over its memory limit"
    assert "of memory, above its limit of" in ran.ending.reason
    assert "--cell-memory sets the limit" in ran.ending.reason
    assert ran.alive == []
    whole, added_up = found[0]
    assert 220e6 < whole < added_up  # what was grown, and the worker; its daemon shares nearly all of its pages


def test_memory_below_the_limit_ends_nothing(run_wild):
    def limits(tree):
        whole = tree.resident_bytes()
        assert whole + 50_000_000 < tree.added_up_bytes()  # the quick look is over the limit, the exact one is not
        return CellLimits(memory_bytes=whole + 50_000_000, timeout_s=3)

    assert run_wild("grows", limits=limits).ending.status == "timed out"


def test_what_a_crashing_worker_has_started_goes_with_it(run_wild, tmp_path):
    ran = run_wild("dies")
    assert (ran.ending.status, ran.ending.reason) == ("killed", "its process was ended by signal 11")
    assert (ran.alive, ran.n_processes) == ([], 4)
    with FileLock(tmp_path / "worker.lock").acquire(timeout=0):
        pass


def test_the_lock_is_held_while_a_worker_lives_and_its_keeper_can_be_told_to_end_by_the_command_alone(
    run_wild, tmp_path
):
    seen = []

    def on_keeper(keeper):
        with pytest.raises(Timeout), FileLock(tmp_path / "worker.lock").acquire(timeout=0):
            pass
        keeper.terminate()  # as a scheduler does, which tells all processes of a job
        seen.append(keeper.is_running())

    ran = run_wild("sleeps", limits=lambda _: CellLimits(timeout_s=0.5), on_keeper=on_keeper)
    assert (seen, ran.ending.status, ran.alive) == ([True], "timed out", [])


def test_a_cell_that_has_ended_while_the_command_was_busy_is_not_timed_out():
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        assert worker_process._last_word(ours) is None
        for _ in range(3):
            theirs.send(PhaseStarted("evaluate"))
        assert worker_process._last_word(ours) is None
        theirs.send(PhaseStarted("evaluate"))
        theirs.send(Ended(Ending(Status.FINISHED)))
        assert worker_process._last_word(ours) == Ending(Status.FINISHED)
        theirs.send_bytes(b"no message")
        assert worker_process._last_word(ours) is None
        theirs.close()
        assert worker_process._last_word(ours) is None


def test_a_worker_ends_with_a_killed_keeper(run_wild, tmp_path):
    workers = []

    def on_keeper(keeper):
        (worker, *_) = keeper.children()
        workers.append(worker)
        keeper.kill()

    ran = run_wild("sleeps", on_keeper=on_keeper)
    assert (ran.ending.status, ran.ending.resumable) == ("killed", True)
    assert psutil.wait_procs(workers, timeout=20)[1] == []


def test_a_long_log_keeps_its_beginning_and_its_traceback(run_wild):
    ran = run_wild("raises")
    assert ran.ending.status == "failed"
    assert ran.log.startswith("first line\nxxx")
    assert ran.log.rstrip().endswith("RuntimeError: the last word")
    assert "bytes of the log are left out here ...]" in ran.log
    assert len(ran.log) < 3.1e6
    assert ran.alive == []
