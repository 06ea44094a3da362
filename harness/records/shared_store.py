"""A store behind the address of an MLflow server, which several machines record into at once.

What is recorded is on the server: runs, and the files of runs as artifacts. A folder of this machine holds what a
machine needs for itself: locks, checkpoints, scores, the files that were brought here, and `unrecorded/`, where results
wait while the server is away.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ...errors import ServerAwayError, StoreError
from ...os_errors import because
from ...tasks.cache_folder import OTHER_FOLDER
from ..cells.cell import Cell
from .artifact_addresses import Misplaced
from .attempt import Attempt
from .claimed_cells import ClaimedCells
from .claimed_lock import ClaimedLock
from .claims import Claims, finished_ids, is_running
from .database_lock import Patient
from .finished_cell import EXAMPLE_ERRORS, FRONT, FinishedCell
from .front_record import TRUE_FRONT
from .mlflow_run import cell_params, read_attempt, split, started_tags
from .mlflow_tags import PARENT, PREFIX, SUITE
from .mlflow_views import experiment_tags
from .recorded_run import RecordedRun
from .replaced_runs import add_replaced_runs, forget_replaced_runs, replaced_runs
from .run_files import write_documents
from .server_address import ServerAddress
from .server_away import ServerPatience, refusal
from .server_files import ServerFiles, require_reachable
from .server_reader import ServerReader
from .status import Ending, Status
from .store import Recorded, Store
from .store_reader import settled_by
from .suite_experiments import SuiteExperiments

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

AT_ONCE = 8
"""Files that are brought here at the same time."""


class SharedStore(Store):
    """The store behind the address of an MLflow server; its `folder` is this machine's own, see above.

    Recording a finished cell is idempotent: one that another machine has recorded meanwhile is not recorded again. What
    two machines may do at once, and what they may not, is said in `claims`.

    Args:
        address: the server's.
        limit_s: seconds to wait for it; `server_away.LIMIT_S` when None.

    Raises:
        ServerAwayError: the server does not answer. StoreError: it refuses, or is no MLflow server.
    """

    def __init__(self, address: ServerAddress, *, limit_s: float | None = None) -> None:
        # Not `Store.__init__`, which makes and mends a database in the folder.
        self.address = address
        self.folder = address.folder
        self.uri = address.url
        self.patience: ServerPatience = ServerPatience(address, limit_s)
        self._reader = ServerReader(lambda: self.client)
        self._files = ServerFiles(address.url, self.patience)
        self._experiments = SuiteExperiments(
            address, self.experiments_recorded, lambda: self.client, self._create_experiment
        )
        with self.explained():
            (self.folder / "locks").mkdir(parents=True, exist_ok=True)
            self._free_left_rooms()
            self._claims = Claims(self.folder, lambda: self._own_client)
        self._claimed = ClaimedCells(
            self._claims,
            self.runs,
            lambda: self.client,
            lambda run, why: self.end(run.run_id, Ending(Status.KILLED, why)),
        )
        self._accepted: dict[str, set[str]] = {}
        self._accepted_by_run: dict[str, set[str]] = {}
        self._settled_before: dict[str, Attempt] = {}
        self._finished_before: dict[str, set[str]] = {}
        self._addresses: dict[str, str] = {}
        self._sent: dict[str, frozenset[str]] = {}
        self.experiments_recorded()

    @functools.cached_property
    def _own_client(self) -> MlflowClient:
        """MLflow's client, which does not wait for the server."""
        for name, value in (
            ("MLFLOW_DISABLE_TELEMETRY", "true"),  # a benchmark must not report its runs to anyone
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"),  # its 7 take four minutes; `ServerPatience` tries again
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "30"),
            ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
            ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),  # where boards are printed as JSON
        ):
            os.environ.setdefault(name, value)
        logging.getLogger("mlflow.tracking").setLevel(logging.WARNING)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it warns of every try
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    @functools.cached_property
    def client(self) -> MlflowClient:
        """MLflow's client, whose calls wait while the server does not answer, see `ServerPatience`."""
        return cast("MlflowClient", Patient(self._own_client, self.patience))

    @property
    def place(self) -> ServerAddress:
        """Where the store is."""
        return self.address

    @property
    def writable(self) -> bool:
        """Whether this process may write to the store; what the server allows is known only once it is tried."""
        return True

    def moved_from(self) -> None:
        """Return None: a server's files are where it says."""

    def repair(self) -> Misplaced:
        """Raise StoreError: there is nothing that this machine could mend."""
        raise StoreError(
            f"the store is the MLflow server {self.address}, which finds its files itself; `repair` mends a folder"
        )

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn errors of MLflow and the system into a StoreError of one sentence."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the folder {self.folder} of the store {self.address} cannot be used {because(error)}; {OTHER_FOLDER}"
            ) from error
        except MlflowException as error:
            raise refusal(error, self.address) from error

    # What is read

    def attempt_of(self, run: RecordedRun) -> Attempt:
        """Return the attempt that a run of this store records; raise StoreError where its tags are damaged."""
        self._addresses[run.run_id] = run.address
        folder = self.files_of(run.run_id, run.suite)
        return read_attempt(run, folder, fetch=functools.partial(self._fetch, run.address, folder))

    def _fetch(self, address: str, folder: Path, name: str) -> None:
        self._files.bring(address, name, folder)

    def bring(self, attempts: Sequence[Attempt]) -> None:
        """Bring the files here that boards read of these attempts, several at once."""
        wanted = [
            (attempt, name)
            for attempt in attempts
            if attempt.status is Status.FINISHED
            for name in (FRONT, TRUE_FRONT, EXAMPLE_ERRORS)
            if name in attempt.digests and not (attempt.folder / name).exists()
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: one[0].located(one[1]), wanted))

    def document_files(self, runs: Sequence[RecordedRun], file: str) -> list[Path]:
        """Return where the file of this name lies of each run, as it is on the server now; it may not exist."""
        folders = [self.files_of(run.run_id, run.suite) for run in runs]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda run, folder: self._files.bring(run.address, file, folder), runs, folders))
        return [folder / file for folder in folders]

    def attempts(self, cell: Cell | None = None, *, kind: str = "cell") -> list[Attempt]:
        """Return the recorded attempts, oldest first, see `StoreReader.attempts`."""
        found = super().attempts(cell, kind=kind)
        self._settled_before.update({one.cell.key: one for one in found if one.status.settled})
        for one in found:
            if one.status is Status.FINISHED:
                self._finished_before.setdefault(one.cell.key, set()).add(one.run_id)
        return found

    def settled(self, cell: Cell) -> Attempt | None:
        """Return the attempt that makes a rerun unnecessary, or None, see `StoreReader.settled`.

        While the server is away, what was read of it before has to do.
        """
        self._accepted[cell.key] = set(self._finished_before.get(cell.key, ()))
        try:
            attempts = self.attempts(cell)
            # Of the same read, so that nothing is accepted that was not judged.
            self._accepted[cell.key] = {one.run_id for one in attempts if one.status is Status.FINISHED}
            return settled_by(attempts)
        except ServerAwayError:
            return self._settled_before.get(cell.key)

    # Who works on a cell

    def is_running_cell(self, key: str, tags: Mapping[str, str]) -> bool:
        """Return whether a process runs the cell of this key: one of this machine, or one whose heartbeat is recent."""
        lives = self._claims.tells_life(tags)
        return super().is_running_cell(key, {}) if lives is None else lives

    def lock(self, cell: Cell) -> ClaimedLock:
        """Return the lock of a cell; it cannot be acquired while another machine has claimed the cell.

        Holding it keeps other processes of this machine away, not other machines: `begin` does that.
        """
        own, _ = self.lock_files(cell.key)
        return ClaimedLock(own, self.worker_lock(cell), functools.partial(self._claimed.has_another, cell))

    def begin(self, cell: Cell, parent: str, *, imported_from: str = "") -> str:
        """Claim a cell and return the id of the run by which it is claimed; the caller holds the cell's lock.

        Returns:
            The id of the run; empty where the server is away, so that the cell is run without a claim.

        Raises:
            ClaimedError: another machine was faster, or has finished the cell.
        """
        asked_by = self._asked_by(cell)
        try:
            run_id = self._claim(cell, parent, imported_from)
        except ServerAwayError:
            known = self._finished_before.get(cell.key, set())
            with self.explained():
                add_replaced_runs(self.unrecorded(cell), self._accepted.get(cell.key, known))
                asked_by.parent.mkdir(exist_ok=True)
                asked_by.write_text(parent, encoding="utf-8")
            return ""
        with self.explained():
            add_replaced_runs(self.unrecorded(cell), self._accepted_by_run[run_id])
            asked_by.unlink(missing_ok=True)
        return run_id

    def _asked_by(self, cell: Cell) -> Path:
        return self.unrecorded(cell).with_suffix(".parent")

    def parent_of(self, cell: Cell) -> str | None:
        """Return the id of the run that has asked for a cell which was begun while the server was away, or None."""
        file = self._asked_by(cell)
        return file.read_text(encoding="utf-8") if file.exists() else None

    def _claim(self, cell: Cell, parent: str, imported_from: str, accepted: set[str] | None = None) -> str:
        def create(tags: Mapping[str, str]) -> Run:
            return self.client.create_run(
                self._experiments.id_of(cell.suite),
                run_name=f"{cell.label} · seed {cell.seed}",
                tags=split({**started_tags(cell, parent, imported_from), **tags}),
            )

        with self.explained():
            known = self._accepted.pop(cell.key, None)
            try:
                made, accepted = self._claimed.claim(cell, known if accepted is None else accepted, create)
            except ServerAwayError:
                if known is not None:
                    self._accepted[cell.key] = known
                raise
            run_id = str(made.info.run_id)
            self._addresses[run_id] = str(made.info.artifact_uri)
            self._accepted_by_run[run_id] = accepted
            self._log(run_id, cell_params(cell), [], {})
            return run_id

    # What is written

    def _create_experiment(self, client: MlflowClient, suite: str) -> str:
        try:
            described = experiment_tags(suite, int(time.time() * 1000))
            return str(client.create_experiment(suite, tags={SUITE: suite, **described}))
        except StoreError:
            made = [one for one in self.experiments_recorded() if one.suite == suite and not one.deleted]
            if not made:
                raise
            return made[0].experiment_id  # another machine was faster

    def parent_run(
        self, kind: str, suite: str, name: str, digest: str, documents: Mapping[str, Mapping[str, Any]]
    ) -> str:
        """Open the parent run of a bench or study on one suite and return its id, see `Store.parent_run`.

        If two machines create it at once, the one that started first is kept, and a machine that sees both deletes its
        own.
        """
        run_id = super().parent_run(kind, suite, name, digest, documents)
        with self.explained():
            of_all = self._search(f"tags.`{PREFIX}{kind}` = '{digest}'", self._experiments.id_of(suite))
            first = str(of_all[0].info.run_id) if of_all else run_id
            if first != run_id:
                self.client.delete_run(run_id)
            return first

    def record(self, run_id: str, finished: FinishedCell, folder: Path) -> Recorded:
        """Record a finished cell and close its run as finished, unless another machine has recorded it meanwhile.

        Args:
            run_id: the run that `begin` opened; empty where it opened none, and one is opened now.
            finished: the finished cell, as `FinishedCell.read` has read it from the folder and checked it.
            folder: sent to the server, and kept here as what was brought from there.

        Raises:
            ServerAwayError: the server does not answer; the folder is in its place.
            ClaimedError: another machine runs the cell, since this one was not heard of for long; so it is.
        """
        cell = finished.cell
        with self.explained():
            runs = self.runs("cell", cell.key)
            accepted = self._accepted_by_run.get(run_id) or set(replaced_runs(self.unrecorded(cell)))
            if newer := [run.run_id for run in runs if run.run_id in finished_ids(runs) - accepted]:
                if run_id:
                    self.end(
                        run_id, Ending(Status.STOPPED, f"another machine has recorded the cell (run {newer[-1][:8]})")
                    )
                shutil.rmtree(folder)
                forget_replaced_runs(self.unrecorded(cell))
                return Recorded(newer[-1], elsewhere=True)
            if not any(run.run_id == run_id and is_running(run) for run in runs):
                self._claimed.release(run_id)
                parents = [run.tags.get(PARENT, "") for run in runs if run.run_id == run_id]
                parents += [self.parent_of(cell) or "", *(run.tags.get(PARENT, "") for run in reversed(runs))]
                run_id = self._claim(cell, next(filter(None, parents), ""), "", accepted)
                self._asked_by(cell).unlink(missing_ok=True)
        return super().record(run_id, finished, folder)

    def add_artifacts(self, run_id: str, folder: Path) -> None:
        """Copy all files of a folder to a run's files."""
        with self.explained():
            self._files.send(self._address(run_id), folder)

    def show_files(self, run_id: str, suite: str) -> None:
        """Send the files that were put beside a run's here, pictures for one, to the server."""
        with self.explained():
            home = self.files_of(run_id, suite)
            self._files.send(self._address(run_id), home, without=self._sent.get(run_id, frozenset()))

    def _write_documents(self, run_id: str, suite: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        del suite
        with tempfile.TemporaryDirectory(prefix="frontrunner-") as folder:
            write_documents(Path(folder), documents)
            self._files.send(self._address(run_id), Path(folder))

    def _move_files(self, run_id: str, suite: str, folder: Path) -> None:
        """Send a folder to the run's files on the server, and keep it here as what was brought from there."""
        self._files.send(self._address(run_id), folder)
        self._sent[run_id] = frozenset(file.name for file in folder.iterdir())
        super()._move_files(run_id, suite, folder)

    def _address(self, run_id: str) -> str:
        if run_id not in self._addresses:
            self._addresses[run_id] = str(self.client.get_run(run_id).info.artifact_uri)
        require_reachable(self._addresses[run_id], self.uri)
        return self._addresses[run_id]

    def _log(self, run_id: str, *arguments: Any) -> None:
        if not run_id:
            raise ServerAwayError(f"the MLflow server {self.address} did not answer when the cell was begun")
        super()._log(run_id, *arguments)

    def _close(self, run_id: str, ending: Ending, end_ms: int | None = None) -> None:
        self._claimed.release(run_id)
        super()._close(run_id, ending, end_ms)
