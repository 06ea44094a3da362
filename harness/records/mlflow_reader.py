"""Read recorded runs directly from MLflow's database, without importing MLflow.

MLflow's own search takes 1 ms a run after 2 s of imports. The four tables read here have kept their columns since
MLflow 1.0.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .artifact_addresses import Address
from .mlflow_tags import FORGOTTEN, PREFIX
from .readable_database import reading
from .recorded_run import RecordedExperiment, RecordedRun

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


class DatabaseReader:
    """The `RunReader` of a SQLite database of MLflow.

    Args:
        database: its file. A method raises StoreError where it is no database of MLflow, or cannot be read.
    """

    def __init__(self, database: Path) -> None:
        self._database = database

    def experiments(self) -> list[RecordedExperiment]:
        """Return the experiments whose address is that of a suite, deleted ones too, oldest first."""
        query = "select experiment_id, name, artifact_location, lifecycle_stage from experiments order by experiment_id"
        with reading(self._database) as connection:
            return [
                RecordedExperiment(str(number), name, address.suite, deleted=stage != "active")
                for number, name, location, stage in connection.execute(query)
                if (address := Address.parse(location)) is not None
            ]

    def deleted_run(self, beginning: str) -> str:
        """Return the id of a run that was deleted in MLflow and begins so; empty where there is none."""
        query = "select run_uuid from runs where lifecycle_stage <> 'active' and substr(run_uuid, 1, ?) = ?"
        with reading(self._database) as connection:
            found = connection.execute(query, (len(beginning), beginning)).fetchone()
        return "" if found is None else str(found[0])

    def forgotten(self) -> dict[str, str]:
        """Map the id of every run that was forgotten, oldest first, to the key of the cell that it attempted."""
        query = """
        select r.run_uuid, c.value from runs r
        join tags f on f.run_uuid = r.run_uuid and f.key = ?
        join tags c on c.run_uuid = r.run_uuid and c.key = ?
        where r.lifecycle_stage <> 'active' order by r.start_time, r.rowid
        """
        with reading(self._database) as connection:
            return dict(connection.execute(query, (FORGOTTEN, f"{PREFIX}cell")).fetchall())

    def runs(self, tag: str, value: str) -> list[RecordedRun]:
        """Return every run whose tag `tag` has this value, oldest first, in experiments that are not deleted."""
        with reading(self._database) as connection:
            runs = {
                run_id: RecordedRun(run_id, experiment, str(number), _suite(address, run_id) or experiment)
                for run_id, experiment, number, address in connection.execute(_RUNS, (tag, value))
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


def _suite(address: str | None, run_id: str) -> str:
    """Return the suite that the address of a run's files names; empty where it names none."""
    found = Address.parse(address, run_id)
    return "" if found is None else found.suite


def _rows(connection: sqlite3.Connection, query: str, run_ids: list[str]) -> sqlite3.Cursor:
    if len(run_ids) > FEW:
        return connection.execute(query)
    marks = ", ".join("?" * len(run_ids))
    return connection.execute(f"{query} and run_uuid in ({marks})", run_ids)
