"""The folder of a cell's job in a queue: what is to run, how it has ended, and the finished cell.

The folder lies in the store, on a file system that the nodes share, and outlives the command that has submitted the
job. In it are

- `job.json`: the ticket of the job that is wanted, and the id that Slurm knows it by. Only the command that holds the
  cell's lock writes it. A job whose ticket is not there any more is not wanted, and does nothing;
- `lock`: held by the job while it works;
- `cell`: the scratch folder of the job, in the end the finished cell;
- `events`: what the job has reported;
- `ended.json`: how the job has ended; `lost.json`: how its process was killed, after which it is submitted again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pickle
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ....whole_file import replacing
from ...records.finished_cell import MANIFEST, is_complete
from ...records.status import Ending, Status
from ..worker_events import Event

JOBS = "jobs"
"""Name of the folder in a store that holds the folders of jobs, by the keys of their cells."""
ENDED = "ended.json"
LOST = "lost.json"
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class JobFolder:
    """The folder of one cell's job; it may not exist."""

    path: Path

    @property
    def scratch(self) -> Path:
        """Where the job runs the cell."""
        return self.path / "cell"

    @property
    def lock(self) -> FileLock:
        """The lock that a job holds while it works; the system frees it when the job's process ends."""
        return FileLock(self.path / "lock")

    def wanted(self) -> tuple[str, str] | None:
        """Return the ticket and the id of the job that is wanted, None without one; an id comes later."""
        content = _read(self.path / "job.json")
        return None if content is None else (str(content.get("ticket", "")), str(content.get("job", "")))

    def want(self, ticket: str, job: str = "") -> None:
        """Want this job and no other; what an earlier one has reported is dropped."""
        if not job:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in (ENDED, LOST, "events"):
                (self.path / name).unlink(missing_ok=True)
        with replacing(self.path / "job.json") as partial:
            partial.write_text(json.dumps({"ticket": ticket, "job": job}), encoding="utf-8")

    def write_ending(self, name: str, ending: Ending) -> None:
        """Write how the job has ended, as `ended.json` or `lost.json`."""
        with replacing(self.path / name) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(ending)), encoding="utf-8")

    def ending(self, name: str = ENDED) -> Ending | None:
        """Return how the job has ended, None where it has not."""
        content = _read(self.path / name)
        if content is None:
            return None
        return Ending(**{**content, "status": Status(content["status"])})

    @property
    def finished(self) -> bool:
        """Whether a job has finished the cell."""
        return is_complete(self.scratch)

    def report(self, event: Event) -> None:
        """Add an event."""
        with contextlib.suppress(OSError), (self.path / "events").open("ab") as file:
            file.write(pickle.dumps(event))

    def reported(self, start: int) -> tuple[list[Event], int]:
        """Return the events from a position on, and the position after them."""
        events: list[Event] = []
        with contextlib.suppress(OSError), (self.path / "events").open("rb") as file:
            file.seek(start)
            while True:
                try:
                    events.append(pickle.load(file))
                except (EOFError, pickle.UnpicklingError, ValueError):  # the end, or an event that is being written
                    break
                start = file.tell()
        return events, start

    def deliver(self, scratch: Path) -> None:
        """Move what the job has left to another folder, the file that makes it complete last, and remove this one."""
        files = sorted(self.scratch.iterdir(), key=lambda file: file.name == MANIFEST) if self.scratch.is_dir() else []
        for file in files:
            file.replace(scratch / file.name)
        self.remove()

    def remove(self) -> None:
        """Remove the folder, so that a job that has yet to start does nothing."""
        (self.path / "job.json").unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)


def take_over(folder: JobFolder, unrecorded: Path, stop: threading.Event, *, wait: bool) -> None:
    """Take over what an earlier command has submitted of a cell, whose lock the caller holds.

    A finished cell is moved to where results that are not recorded lie.

    Args:
        folder: the folder of the cell's job.
        unrecorded: where the finished cell goes.
        stop: ends the waiting.
        wait: whether to withdraw a job that has not started, and wait for one that has, since the cell is to run
            elsewhere; otherwise a job that goes on is left alone.
    """
    if not folder.path.is_dir():
        return
    if wait and not folder.finished:
        (folder.path / "job.json").unlink(missing_ok=True)
        lock = folder.lock
        while not stop.is_set() and not lock.is_locked:
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=LOOK_AGAIN_S)
        lock.release()
    if folder.finished:
        shutil.rmtree(unrecorded, ignore_errors=True)
        unrecorded.mkdir(parents=True)
        folder.deliver(unrecorded)
    elif wait and not stop.is_set():
        folder.remove()


def _read(file: Path) -> dict[str, Any] | None:
    """Return what a JSON file says, None where it is missing or damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
