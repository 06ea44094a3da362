"""Run one cell as a job of Slurm: the code of the process that Slurm starts on a node."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...records.status import Ending, Status
from ..cell_request import CellRequest
from ..job_folder import ENDED, LOST, JobFolder
from ..thinned_progress import ThinnedProgress
from ..worker_events import Event
from ..worker_process import run_in_process

PROGRESS_INTERVAL_S = 2.0
"""Least seconds between two reports of progress, which are written to a file on a network."""


@dataclass
class SlurmJob:
    """A cell as submitit takes it: a function without arguments that can be pickled, and started again.

    It leaves the finished cell and how it has ended in its folder, and returns nothing: what becomes of the return
    value, or of a job's state, depends on how a cluster keeps accounts.
    """

    request: CellRequest
    folder: JobFolder
    ticket: str

    def __call__(self) -> None:
        """Run the cell, unless it has been finished or is not wanted any more.

        Jobs that were started again, by Slurm or by a command that took this one for lost, wait for each other.
        """
        if not self._wanted():
            return
        with self.folder.lock:
            if not self._wanted():
                return
            if self.folder.finished:
                self.folder.write_ending(ENDED, Ending(Status.FINISHED))
                return
            self.folder.forget_reported()
            shutil.rmtree(self.folder.scratch, ignore_errors=True)
            self.folder.scratch.mkdir()
            ending = self._run()
            if ending.status is not Status.KILLED:
                self.folder.write_ending(ENDED, ending)
                return
            self.folder.write_ending(LOST, ending)
        sys.exit(1)  # not by us: by Slurm, which starts it again, or for want of memory

    def checkpoint(self) -> Any:
        """Return what is submitted in place of a job that Slurm ends for its time or for another: the same once more.

        The fit goes on from its own checkpoint, which is no older than a minute.
        """
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _wanted(self) -> bool:
        wanted = self.folder.wanted()
        return wanted is not None and wanted[0] == self.ticket

    def _run(self) -> Ending:
        progress = ThinnedProgress(PROGRESS_INTERVAL_S)

        def on_event(event: Event) -> None:
            if progress.passes(event):
                self.folder.report(event)

        environment = {**threads_of_job(os.environ), **self.request.environment}
        here = dataclasses.replace(self.request, scratch=self.folder.scratch, environment=environment)
        return run_in_process(here, on_event=on_event, stop=threading.Event())


def threads_of_job(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which a cell has as many threads as its job has CPUs, given the job's variables.

    A cluster need not bind jobs to their CPUs, and a cell that finds all of a node's would slow the others down. A user
    who has set the variable keeps it, and so does a suite that names its threads.
    """
    cpus = environment.get("SLURM_CPUS_PER_TASK", "")
    return {"OMP_NUM_THREADS": cpus} if cpus.isdecimal() and "OMP_NUM_THREADS" not in environment else {}
