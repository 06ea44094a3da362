"""Let one machine at a time work on a cell, where all that machines share is an MLflow server.

A claim is the cell's own run, RUNNING, with the tags `owner` (the work folder of a machine), `heartbeat` and `claim`.
MLflow has no lock, so a claim is made as in Lamport's bakery: write first, read then.

1. A run is created that says `asking`.
2. All running attempts at the cell are read. Whoever sees none but its own holds the cell, and says `held`.
3. Whoever sees a `held` one gives way: it deletes its own. Of several that ask, the one with the smallest id stays and
   reads again; the others give way.

Of two machines that write before they read, at least one sees the other; so two can never both see none. This needs no
clocks, only a server that reads what it was told, as one on a PostgreSQL or SQLite database does.

A machine that dies leaves its claim. Its own work folder knows it by the cell's file lock, and takes the cell at once.
Another machine takes it once the heartbeat has stood still: for `STALE_S` by its own clock, or, where the two clocks
say that it is that old already, for two beats. So a machine that is only suspended, or cut off from the server for as
long, may find its cell taken. It looks again before it records (see `SharedStore.record`), and leaves what it has to
the other. Both would record only if it were suspended for `STALE_S` between that look and its last write. Boards count
a cell once even then: the newest.
"""

from __future__ import annotations

import platform
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from .mlflow_tags import CLAIM, HEARTBEAT, OWNER, PREFIX
from .recorded_run import RecordedRun
from .status import Status

if TYPE_CHECKING:
    from mlflow import MlflowClient

BEAT_S = 30.0
"""Seconds between two heartbeats of a claim."""
STALE_S = 300.0
"""Seconds after which a claim without a heartbeat is free."""
ASKING, HELD = "asking", "held"
"""Values of the tag `claim`."""


class Claims:
    """The claims of one work folder on the cells of a server.

    Args:
        folder: the work folder.
        client: gives MLflow's client for the heartbeats; one that does not wait for the server.
    """

    def __init__(self, folder: Path, client: Callable[[], MlflowClient]) -> None:
        self.owner = _owner(folder)
        """What tells this work folder's claims from others."""
        self._client = client
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._beats: threading.Thread | None = None
        self._seen: dict[str, tuple[str, float]] = {}

    def tags(self) -> dict[str, str]:
        """Return the tags of a run that asks for its cell now."""
        return {OWNER: self.owner, HEARTBEAT: f"{time.time():.2f}", CLAIM: ASKING}

    def foreign(self, runs: Sequence[RecordedRun]) -> list[RecordedRun]:
        """Return those of these runs by which another machine that lives has claimed a cell."""
        return [run for run in runs if is_running(run) and not self.is_own(run) and not self._is_stale(run)]

    def is_own(self, run: RecordedRun) -> bool:
        """Return whether a claim is of this work folder: who holds the cell's file lock knows that it is free."""
        return run.tags.get(OWNER) == self.owner

    def tells_life(self, tags: Mapping[str, str]) -> bool | None:
        """Return whether the heartbeat in a claim's tags is recent, by the clocks; None where the claim is our own."""
        return None if tags.get(OWNER) == self.owner else abs(_age_s(tags.get(HEARTBEAT, ""))) <= STALE_S

    def gives_way(self, run_id: str, others: Sequence[RecordedRun]) -> bool:
        """Return whether the run that asks for a cell gives way to these, by which others have claimed it."""
        return any(other.tags.get(CLAIM) != ASKING or other.run_id < run_id for other in others)

    def hold(self, run_id: str) -> None:
        """Send heartbeats of a claim until it is released."""
        with self._lock:
            self._held.add(run_id)
            if self._beats is None:
                self._beats = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
                self._beats.start()

    def holds(self, run_id: str) -> bool:
        """Return whether this process sends the heartbeats of a claim."""
        with self._lock:
            return run_id in self._held

    def release(self, run_id: str) -> None:
        """Send no further heartbeats of a claim."""
        with self._lock:
            self._held.discard(run_id)

    def _is_stale(self, run: RecordedRun) -> bool:
        """Return whether a claim's owner is taken for dead; its heartbeat is watched from call to call."""
        beat, now = run.tags.get(HEARTBEAT, ""), time.monotonic()
        before = self._seen.get(run.run_id)
        if before is None or before[0] != beat:
            self._seen[run.run_id] = (beat, now)
            return False
        unchanged_s = now - before[1]
        return unchanged_s > STALE_S or (_age_s(beat) > STALE_S and unchanged_s > 2 * BEAT_S)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_S)
            with self._lock:
                if not self._held:
                    self._beats = None
                    return
                held = list(self._held)
            for run_id in held:
                try:
                    self._client().set_tag(run_id, HEARTBEAT, f"{time.time():.2f}")
                except Exception:  # the server is away: the next beat may reach it
                    break


def is_running(run: RecordedRun) -> bool:
    """Return whether a run is an attempt that has not ended."""
    return run.tags.get(f"{PREFIX}status") == Status.RUNNING


def finished_ids(runs: Sequence[RecordedRun]) -> set[str]:
    """Return the ids of those runs that have finished."""
    return {run.run_id for run in runs if run.tags.get(f"{PREFIX}status") == Status.FINISHED}


def _owner(folder: Path) -> str:
    """Return the name of a work folder on this machine: the folder's, given once, and the machine's.

    The folder lies in the user's cache, which the nodes of a cluster share, and only one of them knows who is alive.
    """
    file = folder / "owner"
    with FileLock(folder / "locks" / "create.lock"):
        if not file.exists() or not file.read_text(encoding="utf-8").strip():
            file.write_text(uuid.uuid4().hex, encoding="utf-8")
        return f"{file.read_text(encoding='utf-8').strip()}@{platform.node()}"


def _age_s(beat: str) -> float:
    """Return how old a heartbeat is, if clocks agree; infinite where it tells no time, or one that is to come."""
    try:
        age_s = time.time() - float(beat)
    except ValueError:
        return float("inf")
    return age_s if age_s > -STALE_S else float("inf")
