"""Open a SQLite database to read it, also one that cannot be written and one whose last writer was killed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import StoreError
from ...os_errors import because
from .database_errors import rebuild_advice, why_and_advice

BESIDE = ("-journal", "-wal")
"""Endings of the files in which SQLite keeps a transaction; without them a database may be half of something."""


@contextlib.contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that reads the database, which is written only to undo the transaction of a killed process.

    Where even that or SQLite's bookkeeping cannot be written (a read-only file system), a temporary copy is read.

    Raises:
        StoreError: it is no database, is damaged, or cannot be read.
    """
    try:
        with contextlib.ExitStack() as opened:
            connection = _as_it_is(database)
            if connection is None:
                copy = opened.enter_context(_copied(database))
                connection = _connect(copy, "rw")
            yield opened.enter_context(contextlib.closing(connection))
    except sqlite3.Error as error:
        lost = rebuild_advice(database.parent)
        told = why_and_advice(error, otherwise="expected MLflow's database, undamaged", lost=lost)
        raise StoreError(f"the store in {database.parent} cannot be read {told}") from error


def _as_it_is(database: Path) -> sqlite3.Connection | None:
    """Return a connection to the database itself; None where only a copy can be read."""
    for mode in ("ro", "rw"):  # the second undoes half a transaction, or makes what a write-ahead log needs
        with contextlib.ExitStack() as failed:
            try:
                connection = _connect(database, mode)
                failed.callback(connection.close)
                connection.execute("pragma schema_version")
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
                    raise
                continue
            failed.pop_all()
            return connection
    return None


@contextlib.contextmanager
def _copied(database: Path) -> Iterator[Path]:
    """Yield a copy of the database and of the files beside it, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="frontrunner-") as folder:
        copy = Path(folder) / database.name
        try:
            shutil.copyfile(database, copy)
            for end in BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f"{database}{end}", f"{copy}{end}")
        except OSError as error:
            raise StoreError(f"the store in {database.parent} cannot be read {because(error)}") from error
        yield copy


def _connect(database: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.as_uri()}?mode={mode}", uri=True, timeout=5)  # `Patience` waits longer
