"""Engines that tests start for real, and the processes of cells that run under them."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from one_machine_slurm import free_port

PATIENT = '''
import os
import time
from pathlib import Path

import frontrunner as fr


class Patient(fr.Learner):
    """Notes its process and the one below which it runs, then waits for the gate; the files lie beside this one."""

    name = "patient"

    def fit(self, problem, preferences, context):
        here = Path(__file__).parent
        with (here / "starts").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        while not (here / "gate").exists():
            time.sleep(0.05)
        size = problem.model_parameters
        return fr.FiniteSet(problem.n_tasks, lambda _: problem.pretrained, ["one"], total_parameters=size)
'''


@contextlib.contextmanager
def standing_ray(environment, cpus=2):
    """Yield the address of a Ray cluster that outlives commands; its token lies in the home that they have, too."""
    port = free_port()
    # A short path: sockets lie below it, whose names have 107 bytes.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from ray.scripts.scripts import main; main()"),
            *("start", "--head", "--block", f"--port={port}", f"--num-cpus={cpus}", f"--temp-dir={folder}"),
            *("--include-dashboard=false", "--disable-usage-stats", f"--object-store-memory={100 * 2**20}"),
        ],
        env=environment | {"RAY_worker_niceness": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    family = []
    try:
        deadline = time.monotonic() + 200
        while not listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield f"127.0.0.1:{port}"
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        process.wait()
        for left in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        shutil.rmtree(folder, ignore_errors=True)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def start_of(folder: Path, number=1, seconds=250, command=None):
    """The process of the patient learner's fit in a folder, once it has started so often, while the command runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert command is None or command.poll() is None, command.communicate()
        with contextlib.suppress(OSError):
            pids = (folder / "starts").read_text().split()
            if len(pids) >= number:
                return psutil.Process(int(pids[number - 1]))
        time.sleep(0.1)
    raise AssertionError(f"the learner has not started {number} times")


def engine_process(worker):
    """The process of the engine below which a cell's worker runs: above its keeper and the server that forked that."""
    above = worker.parent()
    while "multiprocessing.forkserver" in " ".join(above.cmdline()):
        above = above.parent()
    return above
