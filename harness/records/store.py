"""The store: MLflow on SQLite, with artifacts and checkpoints beside it, in one folder.

Experiment = suite. Parent run = one bench or study on that suite, child run = one attempt at a cell. A cell's run is
RUNNING while its process runs and FINISHED only when its front and all it measured have been written; IGD follows
when the bench ends, since it depends on the other fronts.
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
from ..cells.cell import Cell, read_cells
from .attempt import Attempt
from .mlflow_database import create_database, explained, open_client
from .mlflow_reader import RecordedRun, read_runs
from .mlflow_tags import PREFIX
from .mlflow_views import experiment_tags, is_view

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

BATCH = 1000  # MLflow takes at most this many metrics in one call


def store_folder(chosen: str | Path | None) -> Path:
    """The chosen folder, `FRONTRUNNER_STORE`, or `mlruns` where the command runs."""
    return Path(chosen or os.environ.get("FRONTRUNNER_STORE") or "mlruns").expanduser().resolve()


class Store:
    """Opens the store in a folder, creating it when `create` is set.

    Raises:
        StoreError: the folder cannot be written, or holds no store and `create` is not set.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.folder = folder
        self._database = database = folder / "mlflow.db"
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
        """MLflow's own, for all that is written; opened on first use, since it takes seconds to import."""
        with explained(self.folder):
            return open_client(self.uri)

    def experiments(self) -> list[Experiment]:
        """One a suite that something was run on, by name, with the views of this version."""
        with explained(self.folder):
            found = [each for each in self.client.search_experiments() if each.name != "Default"]
            for experiment in found:
                self._describe(experiment)
            return sorted(found, key=lambda experiment: str(experiment.name))

    def lock(self, cell: Cell) -> FileLock:
        """Held by the process that runs the cell; the system frees it when that process dies."""
        return FileLock(self.folder / "locks" / f"{cell.key}.lock")

    def parent_run(
        self, kind: str, suite: str, name: str, digest: str, documents: Mapping[str, Mapping[str, Any]]
    ) -> str:
        """The run above the cells of a bench or a study on one suite, reopened when the same was started before.

        Args:
            kind: `bench` or `study`.
            suite: whose experiment it belongs to.
            name: for people.
            digest: tells it from others of its kind.
            documents: file name -> content, kept with it.
        """
        with explained(self.folder), FileLock(self.folder / "locks" / f"{kind}.lock"):
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

    def start(self, cell: Cell, parent: str) -> str:
        """Begin an attempt; earlier attempts that never ended are closed as killed. The cell's lock is held."""
        with explained(self.folder):
            for stale in self.attempts(cell):
                if stale.status == "running":
                    self.end(stale.run_id, "killed", "the process that ran it is gone")
            run = self.client.create_run(
                self._experiment(cell.suite),
                run_name=f"{cell.label} · seed {cell.seed}",
                tags={
                    f"{PREFIX}kind": _kind(cell),
                    f"{PREFIX}cell": cell.key,
                    f"{PREFIX}spec": json.dumps(cell.to_json()),
                    f"{PREFIX}method": cell.method,
                    f"{PREFIX}label": cell.label,
                    f"{PREFIX}group": cell.group,
                    f"{PREFIX}status": "running",
                    "mlflow.parentRunId": parent,
                },
            )
            return str(run.info.run_id)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        curve: Sequence[Mapping[str, float]] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Parameters, final metrics and a training curve, in batches; values that are not finite stay absent."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        points = [Metric(name, float(value), now, 0) for name, value in (metrics or {}).items()]
        points += [
            Metric(f"train_{name}", float(value), now, int(row["step"]))
            for row in curve
            for name, value in row.items()
            if name != "step"
        ]
        with explained(self.folder):
            points = [point for point in points if math.isfinite(point.value)]
            self.client.log_batch(
                run_id, params=[Param(name, str(value)[:6000]) for name, value in (params or {}).items()]
            )
            for start in range(0, len(points), BATCH):
                self.client.log_batch(run_id, metrics=points[start : start + BATCH])
            # Last: a tag may say that the metrics are there.
            self.client.log_batch(run_id, tags=[RunTag(name, value) for name, value in (tags or {}).items()])

    def tags(self, run_id: str) -> Mapping[str, str]:
        """Those of a run."""
        with explained(self.folder):
            found: Mapping[str, str] = self.client.get_run(run_id).data.tags
            return found

    @contextlib.contextmanager
    def scratch(self, cell: Cell) -> Iterator[Path]:
        """A folder for one attempt, on the store's own disk; what a killed attempt left is removed first.

        The cell's lock is held.
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
        """Where a fit of the cell keeps its state; outlives attempts, and may not exist."""
        return self.folder / "checkpoints" / cell.key

    def remove_checkpoints(self, cell: Cell) -> None:
        """What is kept of a fit that nobody will take up again. The cell's lock is held."""
        shutil.rmtree(self.checkpoints(cell), ignore_errors=True)

    def add_artifacts(self, run_id: str, folder: Path) -> None:
        """Copy every file of a folder to a run's artifacts."""
        with explained(self.folder):
            self.client.log_artifacts(run_id, str(folder))

    def end(self, run_id: str, status: str, reason: str = "") -> None:
        """Close a run as finished, unsupported, failed, out of memory, killed or stopped."""
        with explained(self.folder):
            self.client.set_tag(run_id, f"{PREFIX}status", status)
            if reason:
                self.client.set_tag(run_id, f"{PREFIX}reason", reason)
            state = {"finished": "FINISHED", "killed": "KILLED", "stopped": "KILLED"}.get(status, "FAILED")
            self.client.set_terminated(run_id, state)

    def attempts(self, cell: Cell | None = None, *, kind: str = "cell") -> list[Attempt]:
        """Every recorded attempt, oldest first.

        Args:
            cell: at this cell only, of whatever kind it is.
            kind: `cell`, whose fronts are of the test split, or `trial`, of another one.
        """
        if cell is None:
            return [self._attempt(run) for run in read_runs(self._database, f"{PREFIX}kind", kind)]
        found = read_runs(self._database, f"{PREFIX}cell", cell.key)
        return [self._attempt(run) for run in found if run.tags[f"{PREFIX}kind"] == _kind(cell)]

    def settled(self, cell: Cell) -> Attempt | None:
        """The attempt that another would only repeat: finished with a front that can be read, else unsupported."""
        attempts = self.attempts(cell)
        finished = (attempt for attempt in attempts if attempt.intact() is not None)
        unsupported = (attempt for attempt in attempts if attempt.status == "unsupported")
        return next(itertools.chain(finished, unsupported), None)

    def expected_cells(self) -> list[Cell]:
        """Every cell that some bench has asked for, once."""
        cells: dict[str, Cell] = {}
        for document in self.documents("bench", "cells.json"):
            try:
                cells.update({cell.key: cell for cell in read_cells(document)})
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise StoreError(f"a cells.json in {self.folder} is damaged ({error}); remove that file") from error
        return list(cells.values())

    def documents(self, kind: str, file: str) -> list[dict[str, Any]]:
        """This file of every parent run of a kind that has it, oldest first."""
        found = []
        with _told_in_one_sentence(self.folder):
            for run in read_runs(self._database, f"{PREFIX}kind", kind):
                path = self._artifacts(run) / file
                if path.exists():
                    found.append(json.loads(path.read_text()))
        return found

    def find(self, run: str) -> Attempt:
        """The finished attempt whose run id starts with `run`.

        Raises:
            UnknownNameError: none does. StoreError: several do.
        """
        finished = [attempt for attempt in self.attempts() if attempt.status == "finished"]
        found = [attempt for attempt in finished if attempt.run_id.startswith(run)]
        if not found:
            raise UnknownNameError("finished run", run, [attempt.run_id[:8] for attempt in finished])
        if len(found) > 1:
            raise StoreError(f"{len(found)} runs start with {run!r}; give more of the run id")
        return found[0]

    def _attempt(self, run: RecordedRun) -> Attempt:
        tags = run.tags
        try:
            return Attempt(
                run_id=run.run_id,
                experiment_id=run.experiment_id,
                cell=Cell.from_json(json.loads(tags[f"{PREFIX}spec"]), tags[f"{PREFIX}cell"]),
                status=tags[f"{PREFIX}status"],
                reason=tags.get(f"{PREFIX}reason", ""),
                metrics=run.metrics,
                reference=tags.get(f"{PREFIX}reference_front"),
                folder=self._artifacts(run),
                digests=json.loads(tags.get(f"{PREFIX}digests", "{}")),
                tags=tags,
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"the tags of run {run.run_id} in {self.folder} are not what was recorded ({type(error).__name__}: "
                f"{error}); mend them or delete the run in MLflow"
            ) from error

    def _artifacts(self, run: RecordedRun) -> Path:
        """Where the files of a run lie in this folder; MLflow's own address names where the store was made."""
        return Path(f"{self.folder}/artifacts/{run.experiment}/{run.run_id}/artifacts")

    def _experiment(self, suite: str) -> str:
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
        return str(existing.experiment_id)

    def _describe(self, experiment: Experiment) -> None:
        """Keep the experiment's views; its description and kind only where nobody has given it any."""
        for key, value in experiment_tags(experiment.name, experiment.creation_time or 0).items():
            if key not in experiment.tags or (is_view(key) and experiment.tags[key] != value):
                self.client.set_experiment_tag(experiment.experiment_id, key, value)

    def _search(self, query: str, experiment: str) -> list[Run]:
        found = self.client.search_runs([experiment], query, order_by=["attributes.start_time ASC"])
        return list(found)


@contextlib.contextmanager
def _told_in_one_sentence(folder: Path) -> Iterator[None]:
    """What reading a file of the store may raise."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreError(f"the store in {folder} cannot be read ({error})") from error


def _kind(cell: Cell) -> str:
    """What looks at another split than test is no result of a benchmark: it is kept apart."""
    return "cell" if cell.split == "test" else "trial"
