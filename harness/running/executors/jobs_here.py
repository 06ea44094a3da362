"""Start jobs on this machine by submitit's local executor, in place of Slurm: to try jobs where there is no cluster."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import psutil

from ....errors import ConfigError
from .cell_resources import require_here
from .slurm_job import SlurmJob, threads_of_job

CONTROLLER = "submitit.local._local"
"""The module in which submitit's process of a job runs."""
CONTROLLER_LOG = "submitit.log"
"""File among those of submitit that has what its processes print, which is next to nothing."""


class JobsHere:
    """Starts every job at once as processes of this machine, and knows which are alive; submitit keeps no queue here.

    Args:
        logs: folder for the files of submitit.
        settings: those of Slurm; the time, in minutes, and the CPUs and GPUs of a job count.
    """

    place: ClassVar[str] = "submitit"
    outlives: ClassVar[bool] = False
    lost_after_s: ClassVar[float] = 0.0

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

    @staticmethod
    def require_accepted(settings: Mapping[str, Any]) -> None:
        """Raise ConfigError where a job asks for what this machine lacks, or a setting that counts is no whole number.

        Settings of Slurm that mean nothing here are taken, so that a command is tried as it is.
        """
        JobsHere.at_once(settings)
        _whole("time", settings["time"], least=1)
        require_here(_whole("cpus_per_task", settings["cpus_per_task"], least=1), _gpus(settings))

    def __init__(self, logs: Path, settings: Mapping[str, Any]) -> None:
        import submitit

        self.logs = logs
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._threads = threads_of_job({**os.environ, "SLURM_CPUS_PER_TASK": str(settings["cpus_per_task"])})
        self._executor = submitit.LocalExecutor(folder=logs)
        self._executor._submit_command = self._started
        self._executor.update_parameters(timeout_min=_whole("time", settings["time"]), gpus_per_node=_gpus(settings))

    def submit(self, job: SlurmJob, *, stop: threading.Event, say: object) -> str:  # noqa: ARG002 # nothing waits here
        """Start a job and return its id, the number of its process; empty where `stop` is set before."""
        if stop.is_set():
            return ""
        request = dataclasses.replace(job.request, environment={**self._threads, **job.request.environment})
        return str(self._executor.submit(dataclasses.replace(job, request=request)).job_id)

    def _started(self, command: str) -> Any:
        """Start submitit's process of a job, as submitit does, but apart from the command.

        Ctrl-C, which the terminal sends to the command and all of its group, is the command's to handle: it ends its
        jobs by `cancel`. What submitit prints of that goes to a file beside the job's own output.
        """
        import submitit

        given = self._executor.parameters
        environment = {
            **os.environ,
            "SUBMITIT_EXECUTOR": "local",
            "SUBMITIT_LOCAL_COMMAND": command,
            "SUBMITIT_LOCAL_NTASKS": "1",
            "SUBMITIT_LOCAL_JOB_NUM_NODES": "1",
            "SUBMITIT_LOCAL_NODEID": "0",
            "SUBMITIT_LOCAL_TIMEOUT_S": str(60 * given["timeout_min"]),
            "SUBMITIT_LOCAL_SIGNAL_DELAY_S": "30",
            "SUBMITIT_STDERR_TO_STDOUT": "",
            "SUBMITIT_LOCAL_WITH_SHELL": "",
            "CUDA_VISIBLE_DEVICES": ",".join(map(str, range(given["gpus_per_node"]))),
        }
        with (self.logs / CONTROLLER_LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", CONTROLLER, str(self.logs)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes[str(process.pid)] = process
        return submitit.LocalJob(folder=self.logs, job_id=str(process.pid), tasks=[0], process=process)

    def is_alive(self, job: str) -> bool:
        """Return whether the job's process lives."""
        started = self._processes.get(job)
        if started is not None and started.poll() is not None:
            del self._processes[job]
            return False
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


def _gpus(settings: Mapping[str, Any]) -> int:
    return _whole("gres", str(settings.get("gres", "gpu:0")).rpartition(":")[2])


def _process_of(job: str) -> psutil.Process | None:
    """Return the process in which submitit runs a job; None where it has ended, or another has its number by now."""
    try:
        process = psutil.Process(int(job))
        alive = process.status() != psutil.STATUS_ZOMBIE and CONTROLLER in process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return process if alive else None
