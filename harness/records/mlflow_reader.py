"""Read recorded runs directly from MLflow's database, without importing MLflow.

MLflow's own search takes 1 ms a run after 2 s of imports. The four tables read here have kept their columns since
MLflow 1.0.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from .artifact_addresses import Address
from .mlflow_tags import FORGOTTEN, PREFIX
from .readable_database import reading

_RUNS = """
select r.run_uuid, e.name, r.experiment_id, r.artifact_uri
from tags k join runs r on r.run_uuid = k.run_uuid join experiments e on e.experiment_id = r.experiment_id
where k.key = ? and k.value = ? and r.lifecycle_stage = 'active' and e.lifecycle_stage = 'active'
order by r.start_time, r.rowid
"""
# Both end in a `where` clause, so that `_rows` can restrict them to some runs.
_TAGS = "select run_uuid, key, value from tags where 1"
_METRICS = "select run_uuid, key, value from latest_metrics where is_nan = 0"
FEW = 200
"""Up to this many runs are selected by their ids; for more of them, one pass over the whole table is faster."""


@dataclass
class RecordedRun:
    """One MLflow run that has not been deleted."""

    run_id: str
    experiment: str
    """Name of the run's experiment: the suite's, unless someone has renamed it."""
    experiment_id: str
    address: str
    """Address of the run's files, see `artifact_addresses`."""
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    """The last value of every MLflow metric, by name; NaN is left out."""

    @property
    def suite(self) -> str:
        """The suite that the run was recorded for; the experiment's name where the address tells none."""
        address = Address.parse(self.address, self.run_id)
        return self.experiment if address is None else address.suite


@dataclass(frozen=True)
class RecordedExperiment:
    """One MLflow experiment whose address is that of a suite."""

    experiment_id: str
    name: str
    suite: str
    deleted: bool
    """Whether someone has deleted it in MLflow, which keeps it until `mlflow gc`."""


def read_experiments(database: Path) -> list[RecordedExperiment]:
    """Return the experiments of all suites, oldest first.

    Raises:
        StoreError: the file is not an MLflow database, or cannot be read.
    """
    query = "select experiment_id, name, artifact_location, lifecycle_stage from experiments order by experiment_id"
    with reading(database) as connection:
        return [
            RecordedExperiment(str(number), name, address.suite, deleted=stage != "active")
            for number, name, location, stage in connection.execute(query)
            if (address := Address.parse(location)) is not None
        ]


def deleted_run(database: Path, beginning: str) -> str:
    """Return the id of a run that was deleted in MLflow and begins so; empty where there is none."""
    query = "select run_uuid from runs where lifecycle_stage <> 'active' and substr(run_uuid, 1, ?) = ?"
    with reading(database) as connection:
        found = connection.execute(query, (len(beginning), beginning)).fetchone()
    return "" if found is None else str(found[0])


def read_forgotten(database: Path) -> dict[str, str]:
    """Map the id of every run that was forgotten, oldest first, to the key of the cell that it attempted."""
    query = """
    select r.run_uuid, c.value from runs r
    join tags f on f.run_uuid = r.run_uuid and f.key = ?
    join tags c on c.run_uuid = r.run_uuid and c.key = ?
    where r.lifecycle_stage <> 'active' order by r.start_time, r.rowid
    """
    with reading(database) as connection:
        return dict(connection.execute(query, (FORGOTTEN, f"{PREFIX}cell")).fetchall())


def read_runs(database: Path, tag: str, value: str) -> list[RecordedRun]:
    """Return every run whose tag `tag` has this value, oldest first.

    Raises:
        StoreError: the file is not an MLflow database, or cannot be read.
    """
    with reading(database) as connection:
        runs = {
            row[0]: RecordedRun(row[0], row[1], str(row[2]), row[3] or "")
            for row in connection.execute(_RUNS, (tag, value))
        }
        tags = {run_id: run.tags for run_id, run in runs.items()}
        for run_id, key, text in _rows(connection, _TAGS, list(runs)):
            if (found := tags.get(run_id)) is not None:
                found[key] = text
        metrics = {run_id: run.metrics for run_id, run in runs.items()}
        for run_id, key, number in _rows(connection, _METRICS, list(runs)):
            if (measured := metrics.get(run_id)) is not None:
                measured[key] = number
    return list(runs.values())


def _rows(connection: sqlite3.Connection, query: str, run_ids: list[str]) -> sqlite3.Cursor:
    if len(run_ids) > FEW:
        return connection.execute(query)
    marks = ", ".join("?" * len(run_ids))
    return connection.execute(f"{query} and run_uuid in ({marks})", run_ids)
