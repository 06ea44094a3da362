"""The store: MLflow on SQLite, with files and checkpoints beside it, in one folder.

Experiment = suite. Parent run = one bench or study on that suite, child run = one attempt at a cell. A cell's run is
RUNNING while its process runs and FINISHED only when all it measured has been written. `Store.record` is the only way
in for a finished cell; what is computed from fronts afterwards (scores, pictures, notes) is added by `log`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ...errors import StoreError, UnknownNameError
from ...file_digest import digest_files
from ..cells.cell import Cell, read_cells
from .attempt import Attempt
from .finished_cell import MANIFEST, FinishedCell, Manifest
from .mlflow_database import create_database, explained, open_client
from .mlflow_reader import RecordedRun, read_runs
from .mlflow_run import (
    PARAM_LENGTH,
    cell_params,
    ended_tags,
    finished_metrics,
    finished_params,
    finished_tags,
    kind_of,
    read_attempt,
    started_tags,
)
from .mlflow_tags import PREFIX
from .mlflow_views import experiment_tags, is_view
from .status import Ending, Status

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Metric, Run

BATCH = 1000  # MLflow takes at most this many metrics in one call


def store_folder(chosen: str | Path | None) -> Path:
    """Return the chosen folder, `FRONTRUNNER_STORE`, or `mlruns` where the command runs."""
    return Path(chosen or os.environ.get("FRONTRUNNER_STORE") or "mlruns").expanduser().resolve()


class Store:
    """The store in a folder, opened, and created when `create` is set.

    Raises:
        StoreError: the folder cannot be written, or holds no store and `create` is not set.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        self._database = database = folder / "mlflow.db"
        self._experiment_ids: dict[str, str] = {}
        self.uri = f"sqlite:///{database}"
        if set("?#%") & set(str(folder)):
            raise StoreError(f"the store's path becomes part of an address, where ?, # and % mean something: {folder}")
        if not create and not database.is_file():
            raise StoreError(f"there is no store in {folder}; run something first, or name another with --store")
        if database.is_file() and database.stat().st_size == 0:
            raise StoreError(f"{database} is empty, so what it held is lost; remove it to start a new store")
        if not create:
            return
        with explained(folder):
            (folder / "locks").mkdir(parents=True, exist_ok=True)
            # Two processes migrating a new database crash each other.
            with FileLock(folder / "locks" / "create.lock"):
                if not database.exists():
                    create_database(database)
                _ = self.client  # a database of an older MLflow is migrated now, under the lock

    @functools.cached_property
    def client(self) -> MlflowClient:
        """MLflow's own client, for all that is written; opened on first use, since it takes seconds to import."""
        with explained(self.folder):
            return open_client(self.uri)

    def experiments(self) -> list[Experiment]:
        """Return the experiment of every suite that something was run on, by name, with this version's views."""
        with explained(self.folder):
            found = [each for each in self.client.search_experiments() if each.name != "Default"]
            for experiment in found:
                self._describe(experiment)
            return sorted(found, key=lambda experiment: str(experiment.name))

    def lock(self, cell: Cell) -> FileLock:
        """Return the lock held by the process that runs the cell; the system frees it when that process dies."""
        return FileLock(self.folder / "locks" / f"{cell.key}.lock")

    @contextlib.contextmanager
    def scratch(self, cell: Cell) -> Iterator[Path]:
        """Make a folder for one attempt, on the store's own disk; what a killed attempt left is removed first.

        The cell's lock is held. `record` and `end` move it among the run's files.
        """
        folder = self.folder / "scratch" / cell.key
        with explained(self.folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def checkpoints(self, cell: Cell) -> Path:
        """Return where a fit of the cell keeps its state; the folder outlives attempts, and may not exist."""
        return self.folder / "checkpoints" / cell.key

    def remove_checkpoints(self, cell: Cell) -> None:
        """Remove what is kept of a fit that nobody will take up again. The cell's lock is held."""
        shutil.rmtree(self.checkpoints(cell), ignore_errors=True)

    def parent_run(
        self, kind: str, suite: str, name: str, digest: str, documents: Mapping[str, Mapping[str, Any]]
    ) -> str:
        """Open the run above the cells of a bench or a study on one suite; the same one if it was started before.

        Args:
            kind: `bench` or `study`.
            suite: whose experiment it belongs to.
            name: for people.
            digest: tells it from others of its kind.
            documents: file name -> content, kept with it.
        """
        with explained(self.folder), FileLock(self.folder / "locks" / f"{kind}.lock"):
            self._experiment_ids.pop(suite, None)  # looked at anew, so that its views are those of this version
            experiment = self._experiment(suite)
            found = self._search(f"tags.`{PREFIX}{kind}` = '{digest}'", experiment)
            if found:
                run_id = str(found[0].info.run_id)
                self.client.update_run(run_id, status="RUNNING")
                if f"{PREFIX}reason" in found[0].data.tags:  # why it ended the last time
                    self.client.delete_tag(run_id, f"{PREFIX}reason")
            else:
                run_id = str(self.client.create_run(experiment, run_name=name).info.run_id)
            for file, content in documents.items():
                self.client.log_dict(run_id, dict(content), file)
            # Last, so that a run killed before it is complete is never taken for a whole one.
            self.log(run_id, tags={f"{PREFIX}kind": kind, f"{PREFIX}{kind}": digest})
            return run_id

    def begin(self, cell: Cell, parent: str) -> str:
        """Open a run for an attempt at a cell; earlier attempts that never ended are closed as killed.

        The cell's lock is held.
        """
        with explained(self.folder):
            for stale in self.attempts(cell):
                if stale.status is Status.RUNNING:
                    self.end(stale.run_id, Ending(Status.KILLED, "the process that ran it is gone"))
            run = self.client.create_run(
                self._experiment(cell.suite),
                run_name=f"{cell.label} · seed {cell.seed}",
                tags=started_tags(cell, parent),
            )
            self._log(run.info.run_id, cell_params(cell), [], {})
            return str(run.info.run_id)

    def record(self, run_id: str, finished: FinishedCell, folder: Path, *, imported_from: str = "") -> None:
        """Record a finished cell and close its run as finished; the only place that does.

        Args:
            run_id: by `begin`.
            finished: what `FinishedCell.read` gave for the folder, checked by that.
            folder: moved among the run's files, with whatever else lies in it.
            imported_from: names the bundle it came from, if it did.

        Raises:
            StoreError: it cannot be written; the run stays open.
        """
        with explained(self.folder):
            digests = {
                **Manifest.model_validate_json((folder / MANIFEST).read_bytes()).files,
                MANIFEST: digest_files(folder / MANIFEST),
            }
            self._move_files(run_id, finished.cell.suite, folder)
            ending = Ending(Status.FINISHED)
            self._log(
                run_id,
                finished_params(finished),
                _points(finished_metrics(finished), finished.curve),
                {**finished_tags(digests, finished.environment, imported_from), **ended_tags(ending)},
            )
            self._close(run_id, ending)

    def record_unfinished(self, run_id: str, cell: Cell, ending: Ending, folder: Path) -> None:
        """Close the run of an attempt that has no result, and keep what its folder holds (its log)."""
        with explained(self.folder):
            self._move_files(run_id, cell.suite, folder)
            self._log(run_id, {}, [], ended_tags(ending))
            self._close(run_id, ending)

    def end(self, run_id: str, ending: Ending) -> None:
        """Close a run: of an attempt, a bench or a study."""
        with explained(self.folder):
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
        """Add parameters, final metrics and a training curve to a run; values that are not finite stay absent."""
        with explained(self.folder):
            self._log(run_id, params or {}, _points(metrics or {}, curve), tags or {})

    def tags(self, run_id: str) -> Mapping[str, str]:
        """Return the tags of a run."""
        with explained(self.folder):
            found: Mapping[str, str] = self.client.get_run(run_id).data.tags
            return found

    def add_artifacts(self, run_id: str, folder: Path) -> None:
        """Copy every file of a folder to a run's files."""
        with explained(self.folder):
            self.client.log_artifacts(run_id, str(folder))

    def attempts(self, cell: Cell | None = None, *, kind: str = "cell") -> list[Attempt]:
        """Return every recorded attempt, oldest first.

        Args:
            cell: at this cell only, of whatever kind it is.
            kind: `cell`, whose fronts are of the test split, or `trial`, of another one.
        """
        if cell is None:
            return [self._attempt(run) for run in read_runs(self._database, f"{PREFIX}kind", kind)]
        found = read_runs(self._database, f"{PREFIX}cell", cell.key)
        return [self._attempt(run) for run in found if run.tags[f"{PREFIX}kind"] == kind_of(cell)]

    def settled(self, cell: Cell) -> Attempt | None:
        """Return the attempt that makes a rerun unnecessary (finished with a readable front, else unsupported)."""
        attempts = self.attempts(cell)
        finished = (attempt for attempt in attempts if attempt.intact() is not None)
        unsupported = (attempt for attempt in attempts if attempt.status is Status.UNSUPPORTED)
        return next(itertools.chain(finished, unsupported), None)

    def expected_cells(self) -> list[Cell]:
        """Return every cell that some bench has asked for, once."""
        cells: dict[str, Cell] = {}
        for document in self.documents("bench", "cells.json"):
            try:
                cells.update({cell.key: cell for cell in read_cells(document)})
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise StoreError(f"a cells.json in {self.folder} is damaged ({error}); remove that file") from error
        return list(cells.values())

    def documents(self, kind: str, file: str) -> list[dict[str, Any]]:
        """Return this file of every parent run of a kind that has it, oldest first."""
        found = []
        try:
            for run in read_runs(self._database, f"{PREFIX}kind", kind):
                path = self.files_of(run.run_id, run.experiment) / file
                if path.exists():
                    found.append(json.loads(path.read_text()))
        except (OSError, ValueError) as error:
            raise StoreError(f"the store in {self.folder} cannot be read ({error})") from error
        return found

    def find(self, run: str, *, cell: Cell | None = None) -> Attempt:
        """Return the finished attempt whose run id starts with `run`.

        Args:
            run: the beginning of a run id.
            cell: whose attempt it is, where that is known: then no other is looked at.

        Raises:
            UnknownNameError: none does. StoreError: several do.
        """
        finished = [attempt for attempt in self.attempts(cell) if attempt.status is Status.FINISHED]
        found = [attempt for attempt in finished if attempt.run_id.startswith(run)]
        if not found:
            raise UnknownNameError("finished run", run, [attempt.run_id[:8] for attempt in finished])
        if len(found) > 1:
            raise StoreError(f"{len(found)} runs start with {run!r}; give more of the run id")
        return found[0]

    def _attempt(self, run: RecordedRun) -> Attempt:
        return read_attempt(run, self.files_of(run.run_id, run.experiment))

    def files_of(self, run_id: str, suite: str) -> Path:
        """Return where the files of a run lie in this folder; MLflow's own address names where the store was made."""
        return Path(f"{self.folder}/artifacts/{suite}/{run_id}/artifacts")

    def _log(
        self, run_id: str, params: Mapping[str, object], points: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        """Write to a run in as few transactions as MLflow allows; tags come last, since they may say what is there."""
        from mlflow.entities import Param, RunTag

        given = [Param(name, str(value)[:PARAM_LENGTH]) for name, value in params.items()]
        told = [RunTag(name, value) for name, value in tags.items()]
        if len(points) + len(given) + len(told) <= BATCH:
            self.client.log_batch(run_id, metrics=points, params=given, tags=told)  # in this order: tags last
            return
        for start in range(0, max(len(points), len(given)), BATCH):
            self.client.log_batch(run_id, metrics=points[start : start + BATCH], params=given if start == 0 else [])
        self.client.log_batch(run_id, tags=told)

    def _close(self, run_id: str, ending: Ending) -> None:
        closed = {Status.FINISHED: "FINISHED", Status.KILLED: "KILLED", Status.STOPPED: "KILLED"}
        self.client.set_terminated(run_id, closed.get(ending.status, "FAILED"))

    def _move_files(self, run_id: str, suite: str, folder: Path) -> None:
        """Move a folder of this disk to where a run's files lie."""
        home = self.files_of(run_id, suite)
        home.parent.mkdir(parents=True, exist_ok=True)
        folder.replace(home)

    def _experiment(self, suite: str) -> str:
        """Return the id of a suite's experiment, made when there is none."""
        if suite in self._experiment_ids:
            return self._experiment_ids[suite]
        home = (self.folder / "artifacts" / suite).as_uri()
        existing = self.client.get_experiment_by_name(suite)
        if existing is None:
            existing = self.client.get_experiment(self.client.create_experiment(suite, home))
        if existing.artifact_location != home:
            raise StoreError(
                f"the store in {self.folder} was made as {existing.artifact_location}, and MLflow keeps writing there; "
                "it can be read here, but to add to it move it back or name a new one with --store"
            )
        self._describe(existing)
        self._experiment_ids[suite] = str(existing.experiment_id)
        return self._experiment_ids[suite]

    def _describe(self, experiment: Experiment) -> None:
        """Keep the experiment's views; its description and kind only where nobody has given it any."""
        for key, value in experiment_tags(experiment.name, experiment.creation_time or 0).items():
            if key not in experiment.tags or (is_view(key) and experiment.tags[key] != value):
                self.client.set_experiment_tag(experiment.experiment_id, key, value)

    def _search(self, query: str, experiment: str) -> list[Run]:
        found = self.client.search_runs([experiment], query, order_by=["attributes.start_time ASC"])
        return list(found)


def _points(metrics: Mapping[str, float], curve: Sequence[Mapping[str, float]]) -> list[Metric]:
    """Return MLflow's metrics of final values and of a training curve, those that are finite."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [Metric(name, float(value), now, 0) for name, value in metrics.items()]
    points += [
        Metric(f"train_{name}", float(value), now, int(row["step"]))
        for row in curve
        for name, value in row.items()
        if name != "step"
    ]
    return [point for point in points if math.isfinite(point.value)]
