"""Run one cell as a task on a Ray cluster: the code of the process that Ray starts there."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pickle
import platform
import shutil
import tarfile
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....errors import FrontrunnerError
from ....tasks.cache_folder import cache_folder
from ...cells.environment import versions
from ...records.finished_cell import is_complete
from ...records.status import Ending, Status
from ..cell_request import CellRequest
from ..moved_files import move_files
from ..thinned_progress import ThinnedProgress
from ..worker_events import CellLost, Event
from ..worker_process import preload, run_in_process

TOKEN = ".ticket"
"""File in the scratch folder by which a node sees that it has the same file system as the command."""
ATTEMPT = "attempt-"
"""What the names of folders within the scratch folder begin with; each is of one start of the task."""
PROGRESS_INTERVAL_S = 0.5
"""Least seconds between two messages of progress."""
UNUSED_S = 30 * 86400.0
"""Seconds after which checkpoints that a node keeps for itself are removed."""
LAST_EVENTS_S = 5.0
"""Seconds that the last events of a cell may take to reach the mailbox."""
LOOK_UP_INTERVAL_S = 0.5
"""Seconds after which a cell looks again whether it is to stop."""


@dataclass(frozen=True)
class RayDelivery:
    """What a task has made of its cell."""

    ending: Ending
    folder: str = ""
    """Name of the folder within the scratch folder that holds its files, where that is on a shared file system."""
    packed: bytes = b""
    """The files as a tar, where it is not."""


class CellKilledError(Exception):
    """The cell's process was killed, though nobody asked for it; Ray starts such a task again."""


def run_cell_task(request: CellRequest, ticket: str, package: str, mailbox: Any) -> RayDelivery:
    """Run a cell on the node that Ray has chosen, and return how it ended, with its files.

    Ray may start the task again where its process or its node is lost, even while the first one still works behind a
    broken network. So every start has a folder of its own.

    Args:
        request: the cell; its folders are those of the command's machine.
        ticket: names the attempt in the mailbox; it is in the scratch folder's file `TOKEN`.
        package: the command's version of Frontrunner.
        mailbox: handle of the command's `RayMailbox`.

    Raises:
        CellKilledError: the cell is to be started again; its message is the reason of the ending.
    """
    if (found := versions()["frontrunner"]) != package:
        reason = f"the Ray node has Frontrunner {found}, and the command {package}; install the same on every node"
        return RayDelivery(Ending(Status.FAILED, reason, repeats=True))
    shared = _has_token(request.scratch, ticket)
    if shared and (before := finished_attempt(request.scratch)) is not None:
        return RayDelivery(Ending(Status.FINISHED), before.name)  # lost after it had finished
    with contextlib.suppress(FrontrunnerError):  # a plugin's names are known to the cell's own process only
        preload([request.cell.suite], [request.cell.method])
    with _attempt_folder(request, shared=shared) as folder, _Post(mailbox, ticket) as post:
        checkpoints, lock = (request.checkpoints, request.worker_lock) if shared else _of_this_node(request.cell.key)
        here = dataclasses.replace(request, scratch=folder, checkpoints=checkpoints, worker_lock=lock)
        ending = run_in_process(here, on_event=post.send, stop=post.stop)
        if ending.status is Status.KILLED and not post.stop.is_set():
            post.send(CellLost(ending.reason))
            raise CellKilledError(ending.reason)
        if not shared and not ending.resumable:
            shutil.rmtree(checkpoints, ignore_errors=True)
        return RayDelivery(ending, folder.name) if shared else RayDelivery(ending, packed=_packed(folder))


def deliver(delivery: RayDelivery, scratch: Path) -> Ending:
    """Put the files of a task into the scratch folder itself, the one that makes it complete last; return the ending.

    Raises:
        OSError: they cannot be written.
    """
    if delivery.packed:
        with tarfile.open(fileobj=io.BytesIO(delivery.packed)) as archive:
            # Before 3.11.4 Python has no filters, and takes no argument of that name.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(scratch / f"{ATTEMPT}unpacked")
    move_files(scratch / (f"{ATTEMPT}unpacked" if delivery.packed else delivery.folder or f"{ATTEMPT}none"), scratch)
    for left in scratch.glob(f"{ATTEMPT}*"):
        shutil.rmtree(left, ignore_errors=True)
    (scratch / TOKEN).unlink(missing_ok=True)
    return delivery.ending


def finished_attempt(scratch: Path) -> Path | None:
    """Return the folder of a start of the task that has finished the cell, or None."""
    return next((folder for folder in scratch.glob(f"{ATTEMPT}*") if is_complete(folder)), None)


def last_attempt(scratch: Path) -> str:
    """Return the name of the folder of the task's last start, in which its log is; empty where there is none here."""
    return max(scratch.glob(f"{ATTEMPT}*"), key=lambda folder: folder.stat().st_mtime, default=Path()).name


def _has_token(scratch: Path, ticket: str) -> bool:
    try:
        return (scratch / TOKEN).read_text(encoding="utf-8") == ticket
    except OSError:
        return False


@contextlib.contextmanager
def _attempt_folder(request: CellRequest, *, shared: bool) -> Iterator[Path]:
    """Yield an empty folder: in the scratch folder where that is shared, else one of this node that is removed."""
    if shared:
        folder = request.scratch / f"{ATTEMPT}{uuid.uuid4().hex}"
        folder.mkdir()
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="frontrunner-") as name:
            yield Path(name)


def _of_this_node(key: str) -> tuple[Path, Path]:
    """Return the folder of a cell's checkpoints on this node, and the file that its worker locks.

    Ray may start a cell again on a node on which the first start still works. Other nodes may have the same home
    folder, where locks are not to be relied on. What nobody has used for a month is removed.
    """
    own = cache_folder() / "checkpoints" / platform.node() / key
    own.mkdir(parents=True, exist_ok=True)
    os.utime(own)
    for other in own.parent.iterdir():
        with contextlib.suppress(OSError):  # another start has removed it
            if time.time() - other.stat().st_mtime > UNUSED_S:
                shutil.rmtree(other)
    return own / "fit", own / "worker.lock"


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, file.name)
    return content.getvalue()


class _Post:
    """Sends events to the command and hears when it wants the cell to stop; a lost mailbox stops nothing."""

    def __init__(self, mailbox: Any, ticket: str) -> None:
        self._mailbox = mailbox
        self._ticket = ticket
        self._progress = ThinnedProgress(PROGRESS_INTERVAL_S)
        self._last: Any = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.stop = threading.Event()
        """Set once the command wants the cell to end."""

    def __enter__(self) -> _Post:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._last is not None:
            import ray

            with contextlib.suppress(Exception):  # as in `send`; calls arrive in order, so that all are there with it
                ray.get(self._last, timeout=LAST_EVENTS_S)

    def send(self, event: Event) -> None:
        """Send an event; progress at most twice a second."""
        if not self._progress.passes(event):
            return
        with contextlib.suppress(Exception):  # whatever Ray raises where the mailbox is lost
            self._last = self._mailbox.put.remote(self._ticket, pickle.dumps(event))

    def _look(self) -> None:
        import ray

        while not self._ended.wait(LOOK_UP_INTERVAL_S):
            with contextlib.suppress(Exception):
                if ray.get(self._mailbox.is_stopped.remote(self._ticket), timeout=10):
                    self.stop.set()
                    return
