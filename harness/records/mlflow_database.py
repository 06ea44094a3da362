"""Create and open MLflow's SQLite database, and explain its errors in one sentence."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StoreError
from ...os_errors import because
from ...whole_file import replacing
from .database_errors import rebuild_advice, why_and_advice

if TYPE_CHECKING:
    from mlflow import MlflowClient


def create_database(database: Path) -> None:
    """Create an empty, fully migrated MLflow database at `database`, or none at all.

    It is made in a file beside and moved into place, since a half-migrated database cannot be repaired. MLflow's
    hundred migrations of a new database take seconds, so an empty one is kept in the user's cache for every version of
    MLflow, and copied.
    """
    from ...tasks.cache_folder import cache_folder

    partial = database.with_suffix(".partial")
    for leftover in database.parent.glob(f"{partial.name}*"):
        leftover.unlink()
    kept = cache_folder() / "mlflow" / f"empty-{importlib.metadata.version('mlflow')}.db"
    if _is_whole(kept):
        shutil.copyfile(kept, partial)
    else:
        open_client(f"sqlite:///{partial}")
        with contextlib.suppress(OSError):  # without a cache, the next store migrates its own
            kept.parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept) as copy:
                shutil.copyfile(partial, copy)
    partial.replace(database)


def _is_whole(database: Path) -> bool:
    """Return whether a cached database can be copied: it exists, is undamaged and is migrated."""
    if not database.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            checked = connection.execute("pragma quick_check").fetchone()
            migrated = connection.execute("select count(*) from alembic_version").fetchone()
            return (checked, migrated) == (("ok",), (1,))
    except sqlite3.Error:
        return False


def open_client(uri: str) -> MlflowClient:
    """Return a client on a database; one that an older MLflow has made is migrated first."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a benchmark must not report its runs to anyone
    for noisy in ("alembic", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its errors are raised as well
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)
    return client


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn errors of MLflow, SQLAlchemy, SQLite and the operating system into a StoreError of one sentence."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except OSError as error:
        raise StoreError(f"the store in {folder} cannot be used {because(error)}") from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error, json.JSONDecodeError) as error:
        told = why_and_advice(error, lost=rebuild_advice(folder))
        raise StoreError(f"the store in {folder} cannot be used {told}") from error
