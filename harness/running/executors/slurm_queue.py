"""Submit jobs to Slurm, many at once as one array, and ask which of them still wait or run."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ClassVar

from ....errors import ConfigError
from ....one_line import as_one_line
from ..job_folder import SEEN_AFTER_S
from .executor import MOST_PLACES
from .slurm_job import SlurmJob

QUIET_S = 1.0
"""Seconds without a further job after which those that have come are submitted together."""
MOST_JOBS = 500
"""The most jobs of one array; clusters allow 1,000 by default."""
ASK_INTERVAL_S = 3.0
"""Least seconds between two questions to Slurm's controller, which answers everybody."""
COMMAND_TIMEOUT_S = 60.0
LOOK_UP_INTERVAL_S = 0.5
"""Seconds after which a thread looks again whether it is still to wait for its job."""
PAUSE_S = 30.0
"""Seconds after which Slurm is asked again where it takes no job."""
NO_FLAGS = ("array_parallelism", "map_count", "num_gpus", "signal_delay_s")
"""Settings with a number or a text that are no options of `sbatch` itself."""


@dataclass(eq=False)
class _Waiting:
    """A job that a thread has handed in."""

    job: SlurmJob
    id: Future[str] = field(default_factory=Future)
    withdrawn: bool = False
    """Whether nobody waits for it any more; its folder is gone, so that it does nothing if it starts."""


class SlurmQueue:
    """Submits jobs that threads hand in, in arrays, and knows which are alive.

    Args:
        logs: folder for the files of submitit, on a file system that the nodes share.
        settings: submitit's parameters of Slurm, without `slurm_` before their names.

    Raises:
        ConfigError: submitit refuses a setting.
    """

    place: ClassVar[str] = "slurm"
    """What the place of a cell is called."""
    outlives: ClassVar[bool] = True
    """Whether jobs go on where the command ends."""
    lost_after_s: ClassVar[float] = SEEN_AFTER_S
    """Seconds after a job has ended before it is lost, unless it has said so: its files may be seen late."""

    @staticmethod
    def require_ready(settings: Mapping[str, Any]) -> None:  # noqa: ARG004 # what they mean is Slurm's to say
        """Raise ConfigError where a command of Slurm is missing."""
        if missing := [name for name in ("sbatch", "squeue", "srun") if shutil.which(name) is None]:
            raise ConfigError(
                f"Slurm's command {missing[0]} is not on this machine; start --executor slurm on a login node"
            )

    @staticmethod
    def at_once(settings: Mapping[str, Any]) -> int:  # noqa: ARG004 # Slurm's own to decide
        """Return how many jobs may be handed in together."""
        return MOST_PLACES

    def __init__(self, logs: Path, settings: Mapping[str, Any]) -> None:
        import submitit

        self.logs = logs
        self._settings = dict(settings)
        self._executor = submitit.SlurmExecutor(folder=logs, max_num_timeout=1000)
        try:
            self._executor.update_parameters(**self._settings)
        except Exception as error:  # NameError, and whatever it does with values
            raise ConfigError(f"--slurm-set: {as_one_line(str(error))}") from error
        self._handed_in: SimpleQueue[_Waiting] = SimpleQueue()
        self._at_once = MOST_JOBS
        self._refusal = ""
        self._asking = threading.Lock()
        self._asked = -ASK_INTERVAL_S
        self._alive: frozenset[str] | None = None
        threading.Thread(target=self._submit, name="slurm", daemon=True).start()

    @staticmethod
    def require_accepted(settings: Mapping[str, Any]) -> None:
        """Raise ConfigError where Slurm would refuse such a job, or does not answer; nothing is submitted."""
        flags = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in settings.items()
            if name not in NO_FLAGS and isinstance(value, (int, str)) and not isinstance(value, bool)
        ]
        answer = _call(["sbatch", "--test-only", *flags, "--wrap=true"])
        if not answer.returncode:
            return
        why = as_one_line(answer.stderr.strip())
        if _living_jobs() is None:
            raise ConfigError(f"Slurm's controller does not answer ({why}); start the same command once it does")
        raise ConfigError(
            f"Slurm refuses a job of {' '.join(flags)} ({why}); ask for less, or change --slurm-partition and "
            "--slurm-set"
        )

    def submit(self, job: SlurmJob, *, stop: threading.Event, say: Callable[[str], object]) -> str:
        """Submit a job, together with those of other threads, and return its id; empty where `stop` is set before.

        Where Slurm takes no job now, since it is not there or a user's limit is reached, it is asked again.

        Args:
            job: the job.
            stop: ends the waiting.
            say: is told once why it is waited for.

        Raises:
            ConfigError: it cannot be handed to Slurm at all.
        """
        waiting = _Waiting(job)
        self._handed_in.put(waiting)
        said = False
        while True:
            with contextlib.suppress(TimeoutError):
                return waiting.id.result(timeout=LOOK_UP_INTERVAL_S)
            if stop.is_set():
                waiting.withdrawn = True
                return ""
            if (refusal := self._refusal) and not said:
                said = True
                say(f"Slurm takes no job now ({refusal}); it is asked again every {PAUSE_S:g} s")

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
            while together:
                together = self._tried(together)
                if self._refusal:
                    time.sleep(PAUSE_S)

    def _tried(self, waiting: Sequence[_Waiting]) -> list[_Waiting]:
        """Try to submit jobs, as many together as Slurm may take now, and return those that still wait."""
        from submitit.core.utils import FailedJobError

        waiting = [one for one in waiting if not one.withdrawn]
        batch, left = waiting[: self._at_once], waiting[self._at_once :]
        try:
            submitted = self._submitted([one.job for one in batch]) if batch else []
        except FailedJobError as error:  # what sbatch says; that it takes such a job has been found at the start
            self._refusal = as_one_line(str(error), longest=300)
            self._at_once = max(1, len(batch) // 2)  # there may be room for a part of them
            return waiting
        except Exception as error:
            refused = ConfigError(f"jobs cannot be handed to Slurm ({as_one_line(str(error))})")
            for one in batch:
                one.id.set_exception(refused)
            return left
        self._refusal = ""
        self._at_once = min(MOST_JOBS, 2 * self._at_once)
        for one, job in zip(batch, submitted, strict=True):
            one.id.set_result(job)
        return left

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
