"""Submit jobs to Slurm, many at once as one array, and ask which of them still wait or run."""

from __future__ import annotations

import getpass
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ....errors import ConfigError
from ....one_line import as_one_line
from .slurm_job import SlurmJob

QUIET_S = 1.0
"""Seconds without a further job after which those that have come are submitted together."""
MOST_JOBS = 500
"""The most jobs of one array; clusters allow 1,000 by default."""
ASK_INTERVAL_S = 3.0
"""Least seconds between two questions to Slurm's controller, which answers everybody."""
COMMAND_TIMEOUT_S = 60.0
NO_FLAGS = ("array_parallelism", "map_count", "num_gpus", "signal_delay_s")
"""Settings with a number or a text that are no options of `sbatch` itself."""


class SlurmQueue:
    """Submits jobs that threads hand in, in arrays, and knows which are alive.

    Args:
        logs: folder for the files of submitit, on a file system that the nodes share.
        settings: submitit's parameters of Slurm, without `slurm_` before their names.

    Raises:
        ConfigError: submitit refuses a setting.
    """

    def __init__(self, logs: Path, settings: Mapping[str, Any]) -> None:
        import submitit

        self.logs = logs
        self._settings = dict(settings)
        self._executor = submitit.SlurmExecutor(folder=logs, max_num_timeout=1000)
        try:
            self._executor.update_parameters(**self._settings)
        except Exception as error:  # NameError, and whatever it does with values
            raise ConfigError(f"--slurm-set: {as_one_line(str(error))}") from error
        self._handed_in: SimpleQueue[tuple[SlurmJob, Future[str]]] = SimpleQueue()
        self._asking = threading.Lock()
        self._asked = -ASK_INTERVAL_S
        self._alive: frozenset[str] | None = None
        threading.Thread(target=self._submit, name="slurm", daemon=True).start()

    def require_accepted(self) -> None:
        """Raise ConfigError where Slurm would refuse such a job; nothing is submitted."""
        flags = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in self._settings.items()
            if name not in NO_FLAGS and isinstance(value, (int, str)) and not isinstance(value, bool)
        ]
        answer = _call(["sbatch", "--test-only", *flags, "--wrap=true"])
        if answer.returncode:
            raise ConfigError(
                f"Slurm refuses a job of {' '.join(flags)} ({as_one_line(answer.stderr.strip())}); ask for less, or "
                "change --slurm-partition and --slurm-set"
            )

    def submit(self, job: SlurmJob) -> str:
        """Submit a job, together with those of other threads, and return its id.

        Raises:
            ConfigError: Slurm refuses it.
        """
        future: Future[str] = Future()
        self._handed_in.put((job, future))
        return future.result()

    def is_alive(self, job: str) -> bool | None:
        """Return whether a job waits or runs; None where Slurm does not say. It is asked every few seconds at most."""
        with self._asking:
            if time.monotonic() - self._asked >= ASK_INTERVAL_S:
                self._alive = _living_jobs()
                self._asked = time.monotonic()
            return None if self._alive is None else job in self._alive

    def cancel(self, job: str) -> None:
        """End a job, waiting or running."""
        _call(["scancel", job])

    def _submit(self) -> None:
        while True:
            together = [self._handed_in.get()]
            while len(together) < MOST_JOBS:
                try:
                    together.append(self._handed_in.get(timeout=QUIET_S))
                except Empty:
                    break
            try:
                for (_, future), job in zip(together, self._submitted([job for job, _ in together]), strict=True):
                    future.set_result(job)
            except Exception as error:
                refused = ConfigError(f"Slurm has taken no job ({as_one_line(str(error))})")
                for _, future in together:
                    future.set_exception(refused)

    def _submitted(self, jobs: Sequence[SlurmJob]) -> list[str]:
        """Submit jobs as one array and return their ids."""
        with self._executor.batch():
            submitted = [self._executor.submit(job) for job in jobs]
        with self._asking:
            self._asked = -ASK_INTERVAL_S  # what was heard before does not hold for them
        return [str(job.job_id) for job in submitted]


def _living_jobs() -> frozenset[str] | None:
    """Return the ids of this user's jobs that wait, run or are about to end; None where Slurm does not say."""
    answer = _call(["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"])
    return None if answer.returncode else frozenset(answer.stdout.split())


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
