"""The folder of a cell's job in a queue: what is to run, how it has ended, and the finished cell.

The folder lies in the store, on a file system that the nodes share, and outlives the command that has submitted the
job. In it are

- `job.json`: the ticket of the job that is wanted, and the id that Slurm knows it by. Only the command that holds the
  cell's lock writes it. A job whose ticket is not there any more is not wanted, and does nothing;
- `lock`: held by the job while it works;
- `cell`: the scratch folder of the job, in the end the finished cell;
- `events`: what the job has reported, a line of JSON an event;
- `ended.json`: how the job has ended; `lost.json`: how its process was killed, after which it is submitted again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...whole_file import replacing
from ..records.finished_cell import MANIFEST, is_complete
from ..records.status import Ending, Status
from .moved_files import move_files
from .worker_events import EVENTS, Event

JOBS = "jobs"
"""Name of the folder in a store that holds the folders of jobs, by the keys of their cells."""
ENDED = "ended.json"
LOST = "lost.json"
LOOK_AGAIN_S = 0.5
SEEN_AFTER_S = 30.0
"""Seconds that files may take to be seen on another machine."""


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
        """Whether a job has finished the cell, and all its files can be seen here."""
        return self._files() is not None

    @property
    def has_unseen_result(self) -> bool:
        """Whether a job says that it has finished the cell, whose files cannot be seen here yet."""
        ending = self.ending()
        return ending is not None and ending.status is Status.FINISHED and not self.finished

    def look(self) -> None:
        """Have a network file system look for new files."""
        for seen in (self.path, self.scratch):
            with contextlib.suppress(OSError):
                list(seen.iterdir())

    def _files(self) -> list[str] | None:
        """Return the names of a finished cell's files; None while any of them cannot be seen."""
        content = _read(self.scratch / MANIFEST) if is_complete(self.scratch) else None
        named = content.get("files", {}) if content is not None else None
        if not isinstance(named, dict):
            return None
        names = [MANIFEST, *map(str, named)]
        return names if all((self.scratch / name).is_file() for name in names) else None

    def report(self, event: Event) -> None:
        """Add an event; one that cannot be written is left out."""
        line = json.dumps([type(event).__name__, dataclasses.asdict(event)])
        with contextlib.suppress(OSError), (self.path / "events").open("ab") as file:
            file.write(f"\n{line}\n".encode())  # a line of its own, also after one that was cut off

    def forget_reported(self) -> None:
        """Drop what an earlier start of the job has reported, and that it was lost; the caller holds the lock."""
        for name in ("events", LOST):
            with contextlib.suppress(OSError):
                (self.path / name).unlink(missing_ok=True)

    def reported(self, start: int) -> tuple[list[Event], int]:
        """Return the events from a position on, and the position after them; damaged lines are left out.

        A file that is shorter than the position is another start's, and read from its beginning.
        """
        data = b""
        with contextlib.suppress(OSError), (self.path / "events").open("rb") as file:
            start = start if start <= file.seek(0, os.SEEK_END) else 0
            file.seek(start)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        events = (_event(line) for line in whole.splitlines())
        return [event for event in events if event is not None], start + len(whole)

    def deliver(self, scratch: Path) -> None:
        """Move what the job has left to another folder, the file that makes it complete last, and remove this one."""
        move_files(self.scratch, scratch, also=self._files() or ())
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
    until = time.monotonic() + SEEN_AFTER_S
    while folder.has_unseen_result and time.monotonic() < until and not stop.is_set():
        folder.look()
        stop.wait(LOOK_AGAIN_S)
    if folder.finished:
        shutil.rmtree(unrecorded, ignore_errors=True)
        unrecorded.mkdir(parents=True)
        folder.deliver(unrecorded)
    elif wait and not stop.is_set():
        folder.remove()


def _event(line: bytes) -> Event | None:
    """Return the event that a line tells, None for a damaged one."""
    try:
        name, content = json.loads(line)
        return EVENTS[name](**content)
    except (ValueError, TypeError, LookupError):
        return None


def _read(file: Path) -> dict[str, Any] | None:
    """Return what a JSON file says, None where it is missing or damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
