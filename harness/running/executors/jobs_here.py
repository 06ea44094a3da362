"""Start jobs on this machine by submitit's local executor, in place of Slurm: to try jobs where there is no cluster."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import psutil

from ....errors import ConfigError
from .slurm_job import SlurmJob, threads_of_job


class JobsHere:
    """Starts every job at once as processes of this machine, and knows which are alive; submitit keeps no queue here.

    Args:
        logs: folder for the files of submitit.
        settings: those of Slurm; the time, in minutes, and the CPUs and GPUs of a job count.
    """

    place: ClassVar[str] = "submitit"
    outlives: ClassVar[bool] = False

    @staticmethod
    def require_installed() -> None:
        """Do nothing: no command is needed."""

    @staticmethod
    def at_once(settings: Mapping[str, Any]) -> int:
        """Return how many jobs may run at a time: `array_parallelism`, one without it.

        Raises:
            ConfigError: that is no whole number above 0.
        """
        return _whole("array_parallelism", settings.get("array_parallelism", 1), least=1)

    def __init__(self, logs: Path, settings: Mapping[str, Any]) -> None:
        import submitit

        self.logs = logs
        self._threads = threads_of_job({**os.environ, "SLURM_CPUS_PER_TASK": str(settings["cpus_per_task"])})
        self._executor = submitit.LocalExecutor(folder=logs)
        gpus = str(settings.get("gres", "gpu:0")).rpartition(":")[2]
        self._executor.update_parameters(
            timeout_min=_whole("time", settings["time"]), gpus_per_node=_whole("gres", gpus)
        )

    def require_accepted(self) -> None:
        """Do nothing: this machine takes any job."""

    def submit(self, job: SlurmJob, *, stop: threading.Event, say: object) -> str:  # noqa: ARG002 # nothing waits here
        """Start a job and return its id, the number of its process; empty where `stop` is set before."""
        if stop.is_set():
            return ""
        request = dataclasses.replace(job.request, environment={**self._threads, **job.request.environment})
        return str(self._executor.submit(dataclasses.replace(job, request=request)).job_id)

    def is_alive(self, job: str) -> bool:
        """Return whether the job's process lives."""
        return _process_of(job) is not None

    def cancel(self, job: str) -> None:
        """End a job with all that it has started."""
        if process := _process_of(job):
            process.send_signal(signal.SIGINT)


def _whole(name: str, value: object, least: int = 0) -> int:
    """Return a setting that is to be a whole number, else raise ConfigError."""
    if not (str(value).isdecimal() and int(str(value)) >= least):
        wanted = f"a whole number{' above 0' if least else ''}"
        raise ConfigError(f"--slurm-set: {name} was to be {wanted} where cluster is local, found {value!r}")
    return int(str(value))


def _process_of(job: str) -> psutil.Process | None:
    """Return the process in which submitit runs a job; None where it has ended, or another has its number by now."""
    try:
        process = psutil.Process(int(job))
        alive = process.status() != psutil.STATUS_ZOMBIE and "submitit.local._local" in process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return process if alive else None
