"""Forget what was attempted: its runs are deleted in MLflow, which keeps them, and can be restored.

A forgotten cell is on no leaderboard, even where a bench lists it, until a command runs it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from filelock import Timeout

from ...errors import StoreError, UnknownNameError
from ..cells.cell import Cell
from .attempt import Attempt
from .mlflow_tags import FORGOTTEN
from .recorded_folders import FORGOTTEN_MARK, recorded_folders
from .status import Ending, Status
from .store import Store
from .store_reader import WHERE_IDS_ARE, StoreReader


@dataclass(frozen=True)
class ToForget:
    """A cell with all attempts at it, oldest first."""

    cell: Cell
    attempts: Sequence[Attempt]

    @property
    def told(self) -> str:
        """One line, as `ls on vision-mini, seed 0: 2 runs (failed, finished)`."""
        statuses = ", ".join(dict.fromkeys(attempt.status.value for attempt in self.attempts))
        n_runs = f"{len(self.attempts)} run{'s' if len(self.attempts) > 1 else ''}"
        return f"{self.cell.title}: {n_runs} ({statuses})"


def find_to_forget(store: StoreReader, runs: Sequence[str]) -> list[ToForget]:
    """Return the cells that these runs attempted, each with all of its attempts: one left over would take the row.

    Args:
        store: the store.
        runs: beginnings of run ids, however the runs ended.

    Raises:
        UnknownNameError: no run begins so. StoreError: several cells have runs that do.
    """
    attempts = store.attempts()
    chosen: dict[str, Cell] = {}
    for run in runs:
        found = {one.cell.key: one.cell for one in attempts if run and one.run_id.startswith(run)}
        if not found:
            raise UnknownNameError("run", run, [attempt.run_id[:8] for attempt in attempts], otherwise=WHERE_IDS_ARE)
        if len(found) > 1:
            raise StoreError(f"runs of {len(found)} cells start with {run!r}; give more of the run id")
        chosen.update(found)
    return [ToForget(cell, [one for one in attempts if one.cell.key == key]) for key, cell in chosen.items()]


def forget(store: Store, cells: Sequence[ToForget]) -> None:
    """Delete all attempts at these cells in MLflow, where they can be restored; files stay where they are.

    Raises:
        StoreError: a process runs one of the cells, in which case nothing is deleted; or the store cannot be written.
    """
    with ExitStack() as held:
        for one in cells:
            lock = store.lock(one.cell)
            try:
                held.enter_context(lock.acquire(timeout=0))
            except Timeout as error:
                raise StoreError(
                    f"{one.cell.title} is running at this moment, so nothing was forgotten; wait for it, or end the "
                    "command that runs it"
                ) from error
        with store.explained():
            for one in cells:
                for attempt in store.attempts(one.cell):  # as they are now that the cell cannot run
                    if attempt.status is Status.RUNNING:
                        store.end(attempt.run_id, Ending(Status.KILLED, "the process that ran it is gone"))
                    if attempt.folder.is_dir():  # so that `rebuild` forgets it, too
                        (attempt.folder.parent / FORGOTTEN_MARK).touch()
                    store.log(attempt.run_id, tags={FORGOTTEN: "yes"})
                    store.client.delete_run(attempt.run_id)


def remember(store: Store, runs: Sequence[str]) -> list[str]:
    """Restore the forgotten cells that these runs attempted, all attempts of each, and return the ids of the runs.

    Args:
        store: the store.
        runs: beginnings of ids of forgotten runs.

    Raises:
        UnknownNameError: no forgotten run begins so. StoreError: the store cannot be written.
    """
    forgotten = store.forgotten()
    keys = set()
    for run in runs:
        found = {key for run_id, key in forgotten.items() if run and run_id.startswith(run)}
        if not found:
            raise UnknownNameError("forgotten run", run, [run_id[:8] for run_id in forgotten])
        if len(found) > 1:
            raise StoreError(f"forgotten runs of {len(found)} cells start with {run!r}; give more of the run id")
        keys |= found
    restored = [run_id for run_id, key in forgotten.items() if key in keys]
    with store.explained():
        for run_id in restored:
            store.client.restore_run(run_id)
        for place in recorded_folders(store.folder):
            if place.run_id in restored:
                place.mark.unlink(missing_ok=True)
    return restored
