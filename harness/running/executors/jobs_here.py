"""Start jobs on this machine by submitit's local executor, in place of Slurm: to try jobs where there is no cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import psutil

from ....errors import ConfigError
from .cell_resources import require_here
from .slurm_job import SlurmJob, threads_of_job
from .visible_devices import VISIBLE, listed_devices, visible_names

CONTROLLER = f"{__package__}.job_controller"
"""The module that is submitit's process of a job."""
CONTROLLER_LOG = "submitit.log"
"""How the file of a job ends that has what this process prints, which is next to nothing; it begins with the job."""
LOOK_UP_INTERVAL_S = 0.2
"""Seconds after which it is looked again whether a GPU is free."""
SAID_AFTER_S = 10.0
"""Seconds to wait for one before that is said: a job that has told its end holds its own a little longer."""


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
    def at_once(settings: Mapping[str, Any]) -> int:
        """Return how many jobs may run at a time: `array_parallelism`, one without it, or as many as have GPUs.

        Raises:
            ConfigError: that is no whole number above 0.
        """
        asked = _whole("array_parallelism", settings.get("array_parallelism", 1), least=1)
        gpus = _gpus(settings)
        return max(1, min(asked, len(_devices_here()) // gpus)) if gpus else asked

    @staticmethod
    def require_ready(settings: Mapping[str, Any]) -> None:
        """Raise ConfigError where a job asks for what this machine lacks, or a setting that counts is no whole number.

        Settings of Slurm that mean nothing here are taken, so that a command is tried as it is.
        """
        JobsHere.at_once(settings)
        _whole("time", settings["time"], least=1)
        require_here(_whole("cpus_per_task", settings["cpus_per_task"], least=1), _gpus(settings))

    @staticmethod
    def require_accepted(settings: Mapping[str, Any]) -> None:
        """Do nothing: what this machine has was known before."""

    def __init__(self, logs: Path, settings: Mapping[str, Any]) -> None:
        import submitit

        self.logs = logs
        self._gpus = _gpus(settings)
        self._starting = threading.Lock()
        self._threads = threads_of_job({**os.environ, "SLURM_CPUS_PER_TASK": str(settings["cpus_per_task"])})
        self._executor = submitit.LocalExecutor(folder=logs)
        self._executor.update_parameters(timeout_min=_whole("time", settings["time"]))

    def submit(self, job: SlurmJob, *, stop: threading.Event, say: Callable[[str], object]) -> str:
        """Start a job and return its id, the number of its process; empty where `stop` is set before.

        A job has GPUs of its own: it waits for those that other jobs of this user have, an earlier command's for one.

        Args:
            job: the job.
            stop: ends the waiting.
            say: is told once that GPUs are waited for.
        """
        request = dataclasses.replace(job.request, environment={**self._threads, **job.request.environment})
        job = dataclasses.replace(job, request=request)
        said_at = time.monotonic() + SAID_AFTER_S
        while not stop.is_set():
            with self._starting:  # no other job takes what is found to be free
                if len(free := _free_devices() if self._gpus else []) >= self._gpus:
                    # Only the process that submitit starts is another; its own takes numbers for GPUs, and no names.
                    self._executor._submit_command = functools.partial(self._started, free[: self._gpus])
                    return str(self._executor.submit(job).job_id)
            if time.monotonic() > said_at:
                said_at = float("inf")
                say("other jobs have the GPUs of this machine; it starts when they have ended")
            stop.wait(LOOK_UP_INTERVAL_S)
        return ""

    def _started(self, devices: Sequence[str], command: str) -> Any:
        """Start submitit's process of a job that sees these devices, as submitit does, but apart from the command.

        Ctrl-C, which the terminal sends to the command and all of its group, is the command's to handle: it ends its
        jobs by `cancel`. What submitit prints of that goes to a file beside the job's own output.

        These are the variables of submitit 1.5 (`submitit.local.local.start_controller`); pyproject.toml allows no
        later one untried.
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
            VISIBLE: ",".join(devices),
        }
        unnamed = self.logs / f"{uuid.uuid4().hex}_{CONTROLLER_LOG}"
        with unnamed.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", CONTROLLER, str(self.logs)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        unnamed.replace(self.logs / f"{process.pid}_{CONTROLLER_LOG}")
        threading.Thread(target=process.wait, daemon=True).start()  # else it would stay as a zombie
        return submitit.LocalJob(folder=self.logs, job_id=str(process.pid), tasks=[0], process=process)

    def is_alive(self, job: str) -> bool:
        """Return whether the job's process lives."""
        return _process_of(job) is not None

    def cancel(self, job: str) -> None:
        """End a job with all that it has started.

        SIGTERM ends a process that has not come to `job_controller` yet, where SIGINT may still be ignored.
        """
        if process := _process_of(job):
            with contextlib.suppress(psutil.NoSuchProcess):  # the first has ended it
                process.terminate()
                process.send_signal(signal.SIGINT)


def _whole(name: str, value: object, least: int = 0) -> int:
    """Return a setting that is to be a whole number, else raise ConfigError."""
    if not (str(value).isdecimal() and int(str(value)) >= least):
        wanted = f"a whole number{' above 0' if least else ''}"
        raise ConfigError(f"--slurm-set: {name} was to be {wanted} where cluster is local, found {value!r}")
    return int(str(value))


def _gpus(settings: Mapping[str, Any]) -> int:
    return _whole("gres", str(settings.get("gres", "gpu:0")).rpartition(":")[2])


def _devices_here() -> list[str]:
    """Return the names of the CUDA devices that this command sees."""
    import torch  # only for those who ask for GPUs

    return visible_names(list(range(torch.cuda.device_count())), os.environ)


def _free_devices() -> list[str]:
    """Return those of them that no job of this machine has; the variables of other users' jobs cannot be read."""
    taken: set[str] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if CONTROLLER in process.cmdline():
                taken.update(listed_devices(process.environ()))
    return [name for name in _devices_here() if name not in taken]


def _process_of(job: str) -> psutil.Process | None:
    """Return the process in which submitit runs a job; None where it has ended, or another has its number by now."""
    try:
        process = psutil.Process(int(job))
        alive = process.status() != psutil.STATUS_ZOMBIE and CONTROLLER in process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return process if alive else None
