"""The store in one folder: an MLflow database on SQLite, the files of runs, locks and checkpoints.

An experiment is a suite. A parent run is one bench or study on that suite, a child run is one attempt at a cell. A
cell's run is RUNNING while its process runs, and FINISHED only when everything it measured has been written. Only
`Store.record` records a finished cell; what is computed from fronts afterwards (scores, notes) is added by `log`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock

from ...errors import StoreError
from ...file_digest import digest_files
from ...whole_file import flush
from ..cells.cell import Cell
from .artifact_addresses import Address, Misplaced, mend_addresses
from .cell_lock import CellLock
from .database_check import require_undamaged
from .database_lock import Patient
from .finished_cell import MANIFEST, FinishedCell, Manifest, is_complete
from .mlflow_database import create_database, explained, open_client
from .mlflow_logging import log_batches, metric_points
from .mlflow_run import (
    cell_params,
    ended_tags,
    finished_metrics,
    finished_params,
    finished_tags,
    started_tags,
)
from .mlflow_tags import PREFIX
from .replaced_runs import add_replaced_runs, forget_replaced_runs
from .run_files import copy_files, write_documents
from .runs_left_open import runs_left_open
from .shown_metrics import rounded
from .spare_room import SpareRoom, free_left_rooms
from .status import Ending, Status
from .store_reader import StoreReader
from .suite_experiments import SuiteExperiments

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Metric, Run


ABOUT = "run.json"
"""Name of the file of a parent run that says what the run's tags and its name say."""
UNRECORDED = "unrecorded"
"""Name of the folder in a store in which cells run, one folder each, named by the cell's key."""


def store_folder(chosen: str | Path | None) -> Path:
    """Return the chosen folder, else that of `FRONTRUNNER_STORE`, else `mlruns` in the working directory."""
    return Path(chosen or os.environ.get("FRONTRUNNER_STORE") or "mlruns").expanduser().resolve()


@dataclass(frozen=True)
class Recorded:
    """Where the result of a cell is recorded."""

    run_id: str
    elsewhere: bool = False
    """Whether another machine had recorded the cell meanwhile, so that this result was dropped."""


class Store(StoreReader):
    """The store in a folder; with `create`, a folder without a store gets a new one.

    `SharedStore` is the one behind the address of a server. It overrides what a folder does in another way: where the
    files of runs are put, and who may work on a cell.

    Raises:
        StoreError: the folder cannot be written, or holds no store and `create` is not set.
    """

    mended_from: Path | None = None
    """The folder that MLflow's addresses of files named before they were mended; None where they were right."""
    n_closed = 0
    """The number of runs closed here whose process was killed between recording how they ended and closing them."""

    def __init__(self, folder: Path, *, create: bool) -> None:
        super().__init__(folder, may_be_new=create)
        self._experiments = SuiteExperiments(
            self.folder, self.experiments_recorded, lambda: self.client, self._create_experiment
        )
        if create:
            with self._locked():  # two processes that migrate a new database at once crash
                if self._database.exists():
                    self.patience.call(require_undamaged, self._database)
                else:
                    create_database(self._database)
                _ = self.client  # opens it now, since one of an older MLflow is migrated, under the lock
                self._mend()
            self._free_left_rooms()

    def explained(self) -> AbstractContextManager[None]:
        """Return a context that turns errors of MLflow, its database and the system into a StoreError."""
        return explained(self.folder)

    def _create_experiment(self, client: MlflowClient, suite: str) -> str:
        return str(client.create_experiment(suite, (self.folder / "artifacts" / suite).as_uri()))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock under which the store is made and mended."""
        with self.explained():
            (self.folder / "locks").mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "locks" / "create.lock"):
                yield

    def _mend(self) -> Misplaced:
        for left in self.patience.call(runs_left_open, self._database):
            self._close(left.run_id, left.ending, left.last_written_ms)
            self.n_closed += 1
        found = self.patience.call(mend_addresses, self._database, self.folder)
        self.mended_from = self.mended_from or found.before
        return found

    def repair(self) -> Misplaced:
        """Make MLflow's addresses of all files those of the store's folder, and return which were not.

        Runs of attempts that have ended and that MLflow shows as running are closed.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._locked():
            return self._mend()

    @functools.cached_property
    def client(self) -> MlflowClient:
        """MLflow's client, which everything is written with; opened on first use, since it takes seconds to import.

        Every call waits while another process has locked the database.
        """
        with self.explained():
            return cast("MlflowClient", Patient(self.patience.call(open_client, self.uri), self.patience))

    def experiments(self) -> list[Experiment]:
        """Return the experiments of all suites in the store, sorted by name; their views are updated first."""
        with self.explained():
            return self._experiments.described()

    def restore(self, suite: str | None = None) -> list[str]:
        """Bring experiments back that were deleted in MLflow, see `SuiteExperiments.restore`."""
        with self.explained():
            return self._experiments.restore(suite)

    def lock(self, cell: Cell) -> CellLock:
        """Return the lock of a cell: a command holds it while it works on the cell, a worker while it lives."""
        return CellLock(*self.lock_files(cell.key))

    def worker_lock(self, cell: Cell) -> Path:
        """Return the file that is locked while a process of the cell's worker lives, which may outlive its command."""
        return self.lock_files(cell.key)[1]

    def scratch(self, cell: Cell) -> AbstractContextManager[Path]:
        """Yield an empty folder for one attempt on the store's disk; it is removed afterwards.

        The caller holds the cell's lock. `record` and `record_unfinished` move the folder to the run's files.
        """
        return self._emptied(self.folder / "scratch" / cell.key, keep_finished=False)

    def workplace(self, cell: Cell) -> AbstractContextManager[Path]:
        """Yield an empty folder as `scratch` does, but keep a finished cell in it that could not be recorded.

        `record_left_behind` finds it there.
        """
        return self._emptied(self.unrecorded(cell), keep_finished=True)

    def unrecorded(self, cell: Cell) -> Path:
        """Return the folder in which a cell runs, and stays while it could not be recorded; it may not exist."""
        return self.folder / UNRECORDED / cell.key

    def spare_room(self, cell: Cell) -> SpareRoom:
        """Return the room that an attempt at the cell holds on the store's disk; the caller holds the cell's lock."""
        return SpareRoom.of(self.folder / "scratch", cell.key)

    def _free_left_rooms(self) -> None:
        """Give back what commands that were killed have held on the disk, of cells that no other works on."""
        free_left_rooms(self.folder / "scratch", lambda key: FileLock(self.lock_files(key)[0]))

    @contextlib.contextmanager
    def _emptied(self, folder: Path, *, keep_finished: bool) -> Iterator[Path]:
        """Yield an empty folder and remove it, unless an error has left a finished cell in it that is to be kept."""
        with self.explained():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        keep = False
        try:
            yield folder
        except BaseException:
            keep = keep_finished and is_complete(folder)
            raise
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)

    def checkpoints(self, cell: Cell) -> Path:
        """Return the folder of the checkpoints of the cell's fit; it outlives attempts, and may not exist."""
        return self.folder / "checkpoints" / cell.key

    def remove_checkpoints(self, cell: Cell) -> None:
        """Remove the checkpoints of a fit that will not be resumed; the caller holds the cell's lock."""
        shutil.rmtree(self.checkpoints(cell), ignore_errors=True)

    def parent_run(
        self, kind: str, suite: str, name: str, digest: str, documents: Mapping[str, Mapping[str, Any]]
    ) -> str:
        """Open the parent run of a bench or study on one suite and return its id; reopen the run if it exists.

        Args:
            kind: `bench` or `study`.
            suite: the suite whose experiment the run belongs to.
            name: the name that MLflow shows.
            digest: identifies the bench or study among others of its kind.
            documents: content of the JSON files to keep with the run, by file name.
        """
        with self.explained(), FileLock(self.folder / "locks" / f"{kind}.lock"):
            experiment = self._experiments.id_of(suite, look_again=True)
            found = self._search(f"tags.`{PREFIX}{kind}` = '{digest}'", experiment)
            if found:
                run_id = str(found[0].info.run_id)
                self.client.update_run(run_id, status="RUNNING")
                if f"{PREFIX}reason" in found[0].data.tags:  # it says why the run ended the last time
                    self._delete_tag(run_id, f"{PREFIX}reason")
            else:
                run_id = str(self.client.create_run(experiment, run_name=name).info.run_id)
            about = {ABOUT: {"kind": kind, "name": name, "digest": digest}}  # for `rebuild`
            self._write_documents(run_id, suite, {**documents, **about})
            # Set last, so that a run that was killed before it had its documents is not found by its tags.
            self.log(run_id, tags={f"{PREFIX}kind": kind, f"{PREFIX}{kind}": digest})
            return run_id

    def _delete_tag(self, run_id: str, tag: str) -> None:
        try:
            self.client.delete_tag(run_id, tag)
        except Exception:
            if tag in self.client.get_run(run_id).data.tags:
                raise  # else another command has deleted it at the same moment

    def begin(self, cell: Cell, parent: str, *, imported_from: str = "") -> str:
        """Open a run for an attempt at a cell and return its id; attempts that never ended are closed as killed.

        The caller holds the cell's lock.

        Args:
            cell: the cell.
            parent: the id of the bench's or study's run.
            imported_from: the name of the bundle that the cell came from, or empty.
        """
        with self.explained():
            attempts = self.attempts(cell)
            add_replaced_runs(self.unrecorded(cell), (one.run_id for one in attempts if one.status is Status.FINISHED))
            for stale in attempts:
                if stale.status is Status.RUNNING:
                    self.end(stale.run_id, Ending(Status.KILLED, "the process that ran it is gone"))
            run = self.client.create_run(
                self._experiments.id_of(cell.suite),
                run_name=f"{cell.label} · seed {cell.seed}",
                tags=started_tags(cell, parent, imported_from),
            )
            self._log(run.info.run_id, cell_params(cell), [], {})
            return str(run.info.run_id)

    def parent_of(self, cell: Cell) -> str | None:
        """Return the id of the run that has asked for a cell, where no attempt tells; None in a folder."""
        del cell
        return None

    def record(self, run_id: str, finished: FinishedCell, folder: Path) -> Recorded:
        """Record a finished cell and close its run as finished; no other function does.

        Args:
            run_id: the run that `begin` opened.
            finished: the finished cell, as `FinishedCell.read` has read it from the folder and checked it.
            folder: moved to the run's files, with everything in it.

        Raises:
            StoreError: nothing was recorded; the folder is back in its place, and the run stays open.
        """
        with self.explained():
            digests = digests_in(folder)
            self._move_files(run_id, finished.cell.suite, folder)
            ending = Ending(Status.FINISHED)
            try:
                self._log(
                    run_id,
                    finished_params(finished),
                    metric_points(finished_metrics(finished), finished.curve),
                    {**finished_tags(digests, finished.environment), **ended_tags(ending)},
                )
            except BaseException:
                self.files_of(run_id, finished.cell.suite).replace(folder)
                raise
            forget_replaced_runs(self.unrecorded(finished.cell))
            self._close(run_id, ending)
            return Recorded(run_id)

    def record_unfinished(self, run_id: str, cell: Cell, ending: Ending, folder: Path) -> None:
        """Close the run of an attempt without a result; its folder, with the worker's log, becomes the run's files."""
        with self.explained():
            self._move_files(run_id, cell.suite, folder)
            self._log(run_id, {}, [], ended_tags(ending))
            self._close(run_id, ending)

    def end(self, run_id: str, ending: Ending) -> None:
        """Close the run of an attempt, a bench or a study."""
        with self.explained():
            self._log(run_id, {}, [], ended_tags(ending))
            self._close(run_id, ending)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        curve: Sequence[Mapping[str, float]] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add parameters, final metrics (rounded), a curve and tags to a run; leave out values that are not finite."""
        with self.explained():
            shown = {name: rounded(value) for name, value in (metrics or {}).items()}
            self._log(run_id, params or {}, metric_points(shown, curve), tags or {})

    def tags(self, run_id: str) -> Mapping[str, str]:
        """Return the tags of a run."""
        with self.explained():
            found: Mapping[str, str] = self.client.get_run(run_id).data.tags
            return found

    def add_artifacts(self, run_id: str, folder: Path) -> None:
        """Copy all files of a folder to a run's files."""
        with self.explained():
            address = Address.parse(self.client.get_run(run_id).info.artifact_uri, run_id)
            if address is None:
                raise StoreError(f"run {run_id} was not recorded by Frontrunner, so it is given no files")
            copy_files(folder, self.files_of(run_id, address.suite))

    def _log(
        self, run_id: str, params: Mapping[str, object], points: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        log_batches(self.client, run_id, params=params, points=points, tags=tags)

    def _close(self, run_id: str, ending: Ending, end_ms: int | None = None) -> None:
        """Set MLflow's own status of a run whose tags, which decide, already say how it ended; now, or at `end_ms`."""
        closed = {Status.FINISHED: "FINISHED", Status.KILLED: "KILLED", Status.STOPPED: "KILLED"}
        try:
            self.client.set_terminated(run_id, closed.get(ending.status, "FAILED"), end_ms)
        except Exception as error:  # of MLflow, SQLAlchemy or SQLite
            self.patience.say(f"run {run_id} is recorded as {ending.status}, but MLflow shows it as running: {error}")

    def _write_documents(self, run_id: str, suite: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Write JSON files to a run's files."""
        write_documents(self.files_of(run_id, suite), documents)

    def show_files(self, run_id: str, suite: str) -> None:
        """Have MLflow show the files that were put beside a run's, pictures for one; in a folder it does already."""

    def _move_files(self, run_id: str, suite: str, folder: Path) -> None:
        """Move a folder on the store's disk to the place of a run's files."""
        home = self.files_of(run_id, suite)
        home.parent.mkdir(parents=True, exist_ok=True)
        folder.replace(home)
        flush(home.parent, folder.parent)

    def _search(self, query: str, experiment: str) -> list[Run]:
        found = self.client.search_runs([experiment], query, order_by=["attributes.start_time ASC"])
        return list(found)


def digests_in(folder: Path) -> dict[str, str]:
    """Return the SHA-256 digests of all files of a finished cell, its manifest among them, by file name."""
    listed = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).files
    return {**listed, MANIFEST: digest_files(folder / MANIFEST)}
