"""Give a run of MLflow the id and the times that it had in a database that was lost: MLflow chooses its own."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

_TABLES = ("runs", "tags", "params", "metrics", "latest_metrics")
"""The tables that a run of Frontrunner has rows in; they have kept their columns since MLflow 1.0."""


def give_id(database: Path, run_id: str, kept: str) -> None:
    """Change the id of a run, and the end of its files' address, which names it.

    Raises:
        sqlite3.Error: the database cannot be written, or has a run of the id `kept` already.
    """
    with contextlib.closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        ends = (f"/{run_id}/artifacts", f"/{kept}/artifacts")
        connection.execute(
            "update runs set artifact_uri = replace(artifact_uri, ?, ?) where run_uuid = ?", (*ends, run_id)
        )
        for table in _TABLES:
            connection.execute(f"update {table} set run_uuid = ? where run_uuid = ?", (kept, run_id))


def give_times(database: Path, run_id: str, start_ms: int, end_ms: int) -> None:
    """Set when a run began and ended, in milliseconds since 1970; raise sqlite3.Error where that cannot be written."""
    with contextlib.closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        connection.execute(
            "update runs set start_time = ?, end_time = ? where run_uuid = ?", (start_ms, end_ms, run_id)
        )
