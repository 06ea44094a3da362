"""Run cells as jobs of Slurm, which go on where the command that has submitted them ends."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ....errors import ConfigError, UnknownNameError
from ...records.run_files import LOG
from ...records.status import Ending, Status
from ..cell_limits import CellLimits
from ..cell_request import CellRequest
from ..job_folder import LOST, JobFolder
from ..worker_events import Queued, Warned
from ..worker_process import StoppedError
from .cell_resources import CellResources
from .executor import MAX_RETRIES, Executor, OnEvent
from .jobs_here import JobsHere
from .slurm_job import SlurmJob
from .slurm_queue import SlurmQueue
from .told_losses import ToldLosses

LOOK_UP_INTERVAL_S = 1.0
"""Seconds after which it is looked again whether a job has reported something or ended."""
STARTING_S = 600
"""Seconds that a job may take beyond the limit of its cell, to start and to record how it has ended."""
UNLIMITED_MIN = 240
"""Minutes of a job where cells have no limit of time; one that needs more is started again, from its checkpoint."""
OWN_BYTES = 10**9
"""Memory of the job's own process, which imports what its cell imports."""
_Jobs = SlurmQueue | JobsHere


class SlurmExecutor(Executor):
    """Runs cells as jobs of Slurm, submitted together as arrays.

    A job leaves its finished cell in the store. Where the command ends, jobs go on: the same command finds them again,
    collects what they have left, and submits what is missing.

    Args:
        jobs: folder in the store, on a file system that the nodes share.
        kind: `auto`, `cpu` or `cuda`.
        cpus: CPUs of a cell.
        gpus: GPUs of a cell; None for none, but for one where `kind` is `cuda`.
        limits: what a cell may take, from which time and memory of a job follow.
        settings: further parameters of submitit's Slurm executor, without `slurm_` before their names. With
            `cluster=local` jobs are processes of this machine, `array_parallelism` of them at a time (one without it),
            and end with the command.
    """

    def __init__(
        self,
        jobs: Path,
        *,
        kind: str,
        cpus: float | None,
        gpus: float | None,
        limits: CellLimits,
        settings: Mapping[str, Any],
    ) -> None:
        CellResources(kind, cpus, gpus).require_whole("Slurm")
        self._jobs = jobs
        self._gpus = int(gpus if gpus is not None else kind == "cuda")
        self._settings = {**_settings(int(cpus or 1), self._gpus, limits), **settings}
        self._kind = _kind_of(self._settings.pop("cluster", "slurm"))
        self.outlives = self._kind.outlives
        self._starting = threading.Lock()
        self._queue: _Jobs | None = None

    def require_ready(self) -> None:
        """Raise ConfigError where submitit or a command of Slurm is missing, or a setting is none; nobody is asked."""
        if importlib.util.find_spec("submitit") is None:
            raise ConfigError('submitit is not installed; install it by pip install "frontrunner[slurm]"')
        _require_known(self._settings)
        self._kind.require_ready(self._settings)

    def open(self, n_cells: int) -> Sequence[str]:
        """Ask Slurm whether it would take such jobs, if there is a cell to run, and return a place for each."""
        if n_cells:
            self._started()
        return [self._kind.place] * max(1, min(n_cells, self._kind.at_once(self._settings)))

    def run(self, request: CellRequest, *, on_event: OnEvent, stop: threading.Event) -> Ending:
        """Run the cell as a job, or go on waiting for one that an earlier command has submitted.

        On `stop` the job goes on, and the next command collects what it leaves.
        """
        folder = JobFolder(self._jobs / request.cell.key)
        queue = self._started()
        earlier = folder.wanted()
        jobs = [earlier[1]] if earlier is not None and earlier[1] else []
        job = self._adopted(queue, folder)
        told = ToldLosses(on_event, unseen="its job was ended and started again")
        for tries_left in reversed(range(MAX_RETRIES + 1)):
            try:
                if not told.reasons:
                    on_event(Queued())
                job = job or self._submitted(queue, folder, request, on_event, stop)
                if not job:
                    folder.remove()
                    return Ending(Status.KILLED, "interrupted", resumable=True)
                jobs.append(job)
                ended = self._wait(queue, folder, job, told, stop)
                if ended is None and tries_left:
                    told.lost(_why_lost(folder, job))
            except StoppedError as reason:
                folder.remove()
                if job:
                    queue.cancel(job)
                _remove_files(queue.logs, jobs)
                return Ending(Status.STOPPED, str(reason))
            if ended is not None:
                break
            job = ""
        else:
            ended = self._lost(folder)
        if ended.status is Status.KILLED and stop.is_set():
            return ended
        folder.deliver(request.scratch)
        told.note_in(request.scratch / LOG)
        _remove_files(queue.logs, jobs)
        return ended

    def _started(self) -> _Jobs:
        """Return the queue; Slurm has said by then, once, that it would take such jobs."""
        with self._starting:
            if self._queue is None:
                self.require_ready()
                self._kind.require_accepted(self._settings)
                self._queue = self._kind(self._jobs / "logs", self._settings)
            return self._queue

    def _adopted(self, queue: _Jobs, folder: JobFolder) -> str:
        """Return the id of an earlier command's job that is alive or has said how it ended; empty without one."""
        wanted = folder.wanted()
        if wanted is None or not wanted[1]:
            return ""
        return wanted[1] if folder.ending() is not None or queue.is_alive(wanted[1]) is not False else ""

    def _submitted(
        self, queue: _Jobs, folder: JobFolder, request: CellRequest, on_event: OnEvent, stop: threading.Event
    ) -> str:
        """Submit a job and return its id, empty on `stop`; jobs that were submitted before do nothing from now on."""
        ticket = uuid.uuid4().hex
        folder.want(ticket)
        request = dataclasses.replace(request, device="cuda:0" if self._gpus else "cpu")
        job = queue.submit(SlurmJob(request, folder, ticket), stop=stop, say=lambda text: on_event(Warned(text)))
        if job:
            folder.want(ticket, job)
        return job

    def _wait(
        self, queue: _Jobs, folder: JobFolder, job: str, on_event: OnEvent, stop: threading.Event
    ) -> Ending | None:
        """Pass events on until the job has ended, and return how; None where it was lost."""
        heard, gone_since = 0, None
        while True:
            ending = folder.ending()
            events, heard = folder.reported(heard)
            for event in events:
                on_event(event)
            if ending is not None and (ending.status is not Status.FINISHED or folder.finished):
                return ending
            if stop.is_set():
                if not self.outlives:
                    queue.cancel(job)
                    return Ending(Status.KILLED, "interrupted", resumable=True)
                return Ending(Status.KILLED, f"interrupted; its Slurm job {job} goes on", resumable=True)
            if ending is None and queue.is_alive(job) is not False:
                gone_since = None
            elif gone_since is None:
                gone_since = time.monotonic()
            elif folder.ending(LOST) is not None or time.monotonic() - gone_since > self._kind.lost_after_s:
                return Ending(Status.FINISHED) if folder.finished else None
            folder.look()
            stop.wait(LOOK_UP_INTERVAL_S)

    def _lost(self, folder: JobFolder) -> Ending:
        """Return the ending of a cell whose jobs were lost again and again."""
        told = folder.ending(LOST)
        why = "Slurm has ended it without a word" if told is None else told.reason
        return Ending(Status.KILLED, f"at last: {why}; {MAX_RETRIES + 1} jobs of it were lost", resumable=True)


def _remove_files(logs: Path, jobs: Iterable[str]) -> None:
    """Remove the files that submitit has made for all jobs of a cell."""
    for job in jobs:
        for file in logs.glob(f"{job}_*"):
            file.unlink(missing_ok=True)


def _why_lost(folder: JobFolder, job: str) -> str:
    """Return what is known of how a job was lost."""
    told = folder.ending(LOST)
    return f"its job {job} has ended without a word" if told is None else told.reason


def _settings(cpus: int, gpus: int, limits: CellLimits) -> dict[str, Any]:
    """Return submitit's parameters for jobs of such cells."""
    time_min = UNLIMITED_MIN if limits.timeout_s is None else math.ceil((limits.timeout_s + STARTING_S) / 60)
    settings: dict[str, Any] = {"job_name": "frontrunner", "cpus_per_task": cpus, "time": time_min}
    if gpus:
        settings["gres"] = f"gpu:{gpus}"
    if limits.memory_bytes is not None:
        settings["mem"] = f"{math.ceil((limits.memory_bytes + OWN_BYTES) / 2**20)}M"
    return settings


def _require_known(settings: Iterable[str]) -> None:
    """Raise UnknownNameError for a setting that submitit has no parameter of Slurm for; submitit is installed."""
    import submitit

    known = sorted(submitit.SlurmExecutor._valid_parameters())
    for name in settings:
        if name not in known:
            raise UnknownNameError("setting of --slurm-set", name, [*known, "cluster"])


def _kind_of(cluster: object) -> type[_Jobs]:
    kinds: dict[object, type[_Jobs]] = {"slurm": SlurmQueue, "local": JobsHere}
    if cluster not in kinds:
        raise ConfigError(f"--slurm-set: cluster was to be {' or '.join(map(str, kinds))}, found {cluster!r}")
    return kinds[cluster]
