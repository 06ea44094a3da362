import json
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
import torch

from frontrunner.harness.running import process_memory
from frontrunner.harness.running.meter import Meter


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_phase_has_a_time_also_when_it_raises():
    meter = Meter("cpu")
    with meter.phase("fit"):
        time.sleep(0.05)
    with pytest.raises(ZeroDivisionError), meter.phase("evaluate"):
        raise ZeroDivisionError
    assert meter.metrics["fit_time_s"] >= 0.05
    assert 0 <= meter.metrics["evaluate_time_s"] < meter.metrics["fit_time_s"]


def test_on_a_cpu_nothing_is_said_about_a_gpu():
    meter = Meter("cpu")
    with meter.phase("fit"):
        torch.ones(10).sum()
    assert sorted(meter.metrics) == ["fit_peak_rss_bytes", "fit_time_s"]


def test_memory_freed_within_a_phase_counts():
    # In a process of its own: here earlier tests may have held more.
    program = """
        import json
        import numpy as np
        import psutil
        from frontrunner.harness.running.meter import Meter
        meter = Meter("cpu")
        before = psutil.Process().memory_info().rss
        with meter.phase("fit"):
            np.ones(200_000_000, dtype=np.uint8).sum(dtype=np.int64)
        with meter.phase("evaluate"):
            pass
        print(json.dumps([before, meter.metrics["fit_peak_rss_bytes"]]))
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    before, peak = json.loads(answer.stdout)
    assert before + 190e6 < peak < before + 400e6


def test_memory_of_child_processes_counts():
    program = "import sys; held = b'1' * 300_000_000; print(len(held), flush=True); sys.stdin.read()"
    meter = Meter("cpu")
    with (
        meter.phase("fit"),
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
    ):
        assert child.stdout.readline() == "300000000\n"
        enough = psutil.Process().memory_info().rss + 0.29e9
        wait_until(lambda: meter.metrics["fit_peak_rss_bytes"] >= enough)
        child.stdin.close()


FAMILIES = """
import json
import multiprocessing
import subprocess
import sys

import numpy as np

from frontrunner.harness.running.process_memory import ProcessTree

HELD = 150_000_000
FORK = multiprocessing.get_context("fork")


def looks(array, ready, over):
    array[::4096].sum()
    ready.release()
    over.acquire()


def holds(ready, over):
    looks(np.ones(HELD, dtype=np.uint8), ready, over)


def holds_and_forks(ready, over):
    array = np.ones(HELD, dtype=np.uint8)
    children = [FORK.Process(target=looks, args=(array, ready, over)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()


def measured(target, arguments, n, n_holding=None):
    ready, over = FORK.Semaphore(0), FORK.Semaphore(0)
    tree, children = ProcessTree(), [FORK.Process(target=target, args=(*arguments, ready, over)) for _ in range(n)]
    for child in children:
        child.start()
    for _ in range(n_holding or n):
        ready.acquire()
    tree.resident_bytes()  # new children are seen
    found = tree.resident_bytes()
    for _ in range(n_holding or n):
        over.release()
    for child in children:
        child.join()
    return found / HELD


def measured_in_a_pool(array):
    with FORK.Pool(4) as workers:
        tree = ProcessTree()
        workers.map(abs, range(8), chunksize=1)
        tree.resident_bytes()
        return tree.resident_bytes() / HELD


def measured_beside_commands():
    waiting = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    tree = ProcessTree()
    commands = [subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for command in commands:
        command.stdout.readline()
    tree.resident_bytes()
    found = tree.resident_bytes()
    for command in commands:
        command.communicate()
    return found / HELD


def measured_after_a_command():
    tree = ProcessTree()
    subprocess.run([sys.executable, "-c", f"b'1' * {8 * HELD}"], check=True)
    return tree.ended_child_bytes() / HELD


if __name__ == "__main__":
    array = np.ones(HELD, dtype=np.uint8)
    found = {
        "alone": ProcessTree().resident_bytes() / HELD,
        "forked": measured(looks, (array,), 4),
        "pool": measured_in_a_pool(array),
        "commands": measured_beside_commands(),
        "forked, with memory of their own": measured(holds, (), 4),
        "grandchildren": measured(holds_and_forks, (), 1, 4),
        "ended": measured_after_a_command(),
    }
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """Memory of families of processes, in units of what one of them holds."""
    program = tmp_path_factory.mktemp("families") / "families.py"
    program.write_text(FAMILIES)
    answer = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how pages are shared")
@pytest.mark.parametrize(
    ("family", "units"),
    [("forked", 0), ("pool", 0), ("commands", 0.2), ("forked, with memory of their own", 4), ("grandchildren", 1)],
)
def test_pages_that_processes_share_count_once(families, family, units):
    assert families[family] - families["alone"] == pytest.approx(units, abs=0.35)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_a_child_that_has_ended_is_known_by_its_peak(families):
    assert 8 <= families["ended"] < 9


@pytest.mark.parametrize("told", ["everything", "no kinds of pages", "nothing"])
def test_a_kernel_that_does_not_tell_how_pages_are_shared_has_that_said(told, monkeypatch):
    """One that tells nothing has the RSS of children added; an old one tells the whole PSS."""
    fields = process_memory._fields

    looked = []

    def less(file):
        looked.extend(map(int, filter(str.isdigit, file.parts)))
        if file.name == "smaps_rollup" and told == "nothing":
            raise PermissionError
        kept = fields(file)
        return kept if told == "everything" else {name: kept[name] for name in kept if not name.startswith("Pss_")}

    monkeypatch.setattr(process_memory, "_fields", less)
    meter = Meter("cpu")
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with meter.phase("fit"), subprocess.Popen(waiting, stdin=subprocess.PIPE) as child:
        own = psutil.Process().memory_info().rss
        wait_until(lambda: looked.count(child.pid) >= 1)
        child.stdin.close()
    assert bool(meter.environment) == (told == "nothing" or sys.platform != "linux")
    assert meter.metrics["fit_peak_rss_bytes"] >= own


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_a_phase_reports_its_own_peaks():
    meter = Meter("cuda")
    with meter.phase("fit"):
        torch.ones(50_000_000, device="cuda").sum()
    with meter.phase("evaluate"):
        torch.ones(1000, device="cuda").sum()
    assert meter.metrics["fit_peak_gpu_allocated_bytes"] >= 200e6
    assert meter.metrics["evaluate_peak_gpu_allocated_bytes"] < 100e6
    assert meter.metrics["fit_peak_gpu_reserved_bytes"] >= meter.metrics["fit_peak_gpu_allocated_bytes"]
