"""Reads a store: what was attempted, what was asked for, and where the files of runs lie. Needs no MLflow."""

from __future__ import annotations

import itertools
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import StoreError, UnknownNameError
from ...utf8_file import as_utf8
from ..cells.cell import Cell, read_cells
from .artifact_addresses import misplaced_in
from .attempt import Attempt
from .database_check import require_database
from .database_lock import Patience
from .held_lock import is_held
from .json_limits import parse_json, read_limited
from .mlflow_reader import DatabaseReader
from .mlflow_run import kind_of, read_attempt
from .mlflow_tags import HOST, PREFIX
from .parent_files import CELLS
from .recorded_run import RecordedExperiment, RecordedRun, RunReader
from .server_address import ServerAddress
from .status import Status

WHERE_IDS_ARE = "the last column of `frontrunner leaderboard` shows them"
"""Where a user finds the ids of runs."""


def settled_by(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return which of the attempts at a cell, oldest first, makes a rerun unnecessary, see `StoreReader.settled`."""
    finished = (attempt for attempt in reversed(attempts) if attempt.intact() is not None)
    unsupported = (attempt for attempt in reversed(attempts) if attempt.status is Status.UNSUPPORTED)
    return next(itertools.chain(finished, unsupported), None)


class StoreReader:
    """The part of a store that only reads.

    Args:
        folder: the store's folder.
        may_be_new: whether a folder without a store is accepted.

    Raises:
        StoreError: the folder holds no store, or one whose database is empty.
    """

    def __init__(self, folder: Path, *, may_be_new: bool = False) -> None:
        self.folder = folder
        self._database = database = folder / "mlflow.db"
        self._reader: RunReader = DatabaseReader(database)
        self.uri = f"sqlite:///{database}"
        self.patience = Patience(f"the database of the store in {folder}")
        """How long to wait while another process has locked the database."""
        if set("?#%") & set(str(folder)):
            raise StoreError(
                f"the store's path becomes part of an address, where ?, # and % mean something: {folder}; "
                "choose another folder with --store"
            )
        if may_be_new and as_utf8(str(folder)) != str(folder):  # libraries that write files take UTF-8 only
            raise StoreError(
                f"the store's path {as_utf8(str(folder))!r} cannot be used under this locale; set LC_ALL to one with "
                "UTF-8, such as C.UTF-8, or choose another folder with --store"
            )
        self._require_database(may_be_new=may_be_new)

    def _require_database(self, *, may_be_new: bool) -> None:
        """Raise StoreError where the folder holds no database and may not get a new one."""
        require_database(self.folder, self._database, may_be_new=may_be_new)

    @property
    def place(self) -> Path | ServerAddress:
        """Where the store is."""
        return self.folder

    def __str__(self) -> str:
        return str(self.place)

    @property
    def writable(self) -> bool:
        """Whether this process may write to the store's folder and database."""
        return all(os.access(path, os.W_OK) for path in (self.folder, self._database))

    def moved_from(self) -> Path | None:
        """Return the folder that MLflow's addresses of files name where it is not the store's, else None."""
        return self.patience.call(misplaced_in, self._database, self.folder).before

    def experiments_recorded(self) -> list[RecordedExperiment]:
        """Return the experiments of all suites, those that were deleted in MLflow among them, oldest first."""
        return self.patience.call(self._reader.experiments)

    def deleted_suites(self) -> list[str]:
        """Return the suites whose experiments were all deleted in MLflow, sorted."""
        recorded = self.experiments_recorded()
        return sorted({one.suite for one in recorded} - {one.suite for one in recorded if not one.deleted})

    def forgotten(self) -> dict[str, str]:
        """Map the id of every run that was forgotten, see `forgetting`, to its cell's key; oldest first."""
        return self.patience.call(self._reader.forgotten)

    def attempts(self, cell: Cell | None = None, *, kind: str = "cell") -> list[Attempt]:
        """Return the recorded attempts, oldest first.

        Args:
            cell: return the attempts at this cell only; `kind` is ignored then.
            kind: `cell` for attempts evaluated on the test split, `trial` for those on another split.
        """
        if cell is None:
            return [self.attempt_of(run) for run in self.runs("kind", kind)]
        found = self.runs("cell", cell.key)
        return [self.attempt_of(run) for run in found if run.tags[f"{PREFIX}kind"] == kind_of(cell)]

    def is_running(self, attempt: Attempt) -> bool:
        """Return whether a process runs the attempt's cell, see `is_running_cell`."""
        return self.is_running_cell(attempt.cell.key, attempt.tags)

    def is_running_cell(self, key: str, tags: Mapping[str, str]) -> bool:
        """Return whether a process runs the cell of this key, as far as this machine can tell.

        The command holds the cell's lock, and so does a worker that outlives it. What another machine runs counts as
        running, since not every file system shows its locks here.

        Args:
            key: the cell's key.
            tags: those of an attempt at it that is recorded as running.
        """
        here = platform.node()
        return tags.get(HOST, here) != here or any(map(is_held, self.lock_files(key)))

    def lock_files(self, key: str) -> tuple[Path, Path]:
        """Return the files that are locked while a command works on a cell, by its key, and while its worker lives."""
        return self.folder / "locks" / f"{key}.lock", self.folder / "locks" / f"{key}.worker.lock"

    def settled(self, cell: Cell) -> Attempt | None:
        """Return the attempt that makes a rerun unnecessary, or None.

        That is the newest that finished with an undamaged front, else the newest that is unsupported.

        Raises:
            UnreadableError: a front cannot be read now; a cell is not run again for that.
        """
        return settled_by(self.attempts(cell))

    def expected_cells(self) -> list[Cell]:
        """Return every cell on the list of some bench, each cell once; raise StoreError where a list is damaged."""
        cells: dict[str, Cell] = {}
        for document in self.documents("bench", CELLS):
            try:
                cells.update({cell.key: cell for cell in read_cells(document)})
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise StoreError(f"a cells.json in {self.place} is damaged ({error}); remove that file") from error
        return list(cells.values())

    def documents(self, kind: str, file: str) -> list[dict[str, Any]]:
        """Return the content of a JSON file of every parent run of this kind that has the file, oldest run first."""
        try:
            files = filter(Path.exists, self.document_files(self.runs("kind", kind), file))
            return [parse_json(read_limited(path), file) for path in files]
        except (OSError, ValueError) as error:
            raise StoreError(f"the store in {self.place} cannot be read ({error})") from error

    def document_files(self, runs: Sequence[RecordedRun], file: str) -> list[Path]:
        """Return where the file of this name lies of each run; it may not exist."""
        return [self.files_of(run.run_id, run.suite) / file for run in runs]

    def find(self, run: str, *, cell: Cell | None = None) -> Attempt:
        """Return the finished attempt whose run id starts with `run`.

        Args:
            run: the beginning of a run id.
            cell: the cell that was attempted, if known, to search its attempts only.

        Raises:
            UnknownNameError: no such attempt exists. StoreError: there are several.
        """
        finished = [attempt for attempt in self.attempts(cell) if attempt.status is Status.FINISHED]
        found = [attempt for attempt in finished if attempt.run_id.startswith(run)]
        if not found:
            if run and (deleted := self.patience.call(self._reader.deleted_run, run)):
                raise StoreError(
                    f"run {deleted[:8]} was deleted in MLflow; restore it there (under Deleted), or its "
                    "whole suite by `frontrunner store restore`"
                )
            for attempt in self.attempts() if run else []:
                if attempt.run_id.startswith(run):
                    why = f": {attempt.reason}" if attempt.reason else ""
                    raise StoreError(f"run {attempt.run_id[:8]} has no front, since it is {attempt.status}{why}")
            known = [attempt.run_id[:8] for attempt in finished]
            raise UnknownNameError("finished run", run, known, otherwise=WHERE_IDS_ARE)
        if len(found) > 1:
            raise StoreError(f"{len(found)} runs start with {run!r}; give more of the run id")
        return found[0]

    def runs(self, tag: str, value: str) -> list[RecordedRun]:
        """Return every run whose tag `tag`, one of the store's own, has this value; oldest first."""
        return self.patience.call(self._reader.runs, f"{PREFIX}{tag}", value)

    def attempt_of(self, run: RecordedRun) -> Attempt:
        """Return the attempt that a run of this store records; raise StoreError where its tags are damaged."""
        return read_attempt(run, self.files_of(run.run_id, run.suite))

    def bring(self, attempts: Sequence[Attempt]) -> None:
        """Have the files ready that boards read of these attempts; in a folder they are."""

    def files_of(self, run_id: str, suite: str) -> Path:
        """Return the folder of a run's files; MLflow's address of it may be one that the store had before."""
        return Path(f"{self.folder}/artifacts/{suite}/{run_id}/artifacts")
