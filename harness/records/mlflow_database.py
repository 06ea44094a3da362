"""MLflow's SQLite database: made whole or not at all, opened, and its errors told in one sentence."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def create_database(database: Path) -> None:
    """Make the database beside its place and move it there: a half-migrated one cannot be mended."""
    partial = database.with_suffix(".partial")
    for leftover in database.parent.glob(f"{partial.name}*"):
        leftover.unlink()
    open_client(f"sqlite:///{partial}")
    partial.replace(database)


def open_client(uri: str) -> MlflowClient:
    """A client on a migrated database."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # benchmarks tell nobody that they run
    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)
    return client


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what MLflow, SQLAlchemy or the system raise into one sentence."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, MlflowException, SQLAlchemyError, json.JSONDecodeError) as error:
        first_line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        advice = (
            "" if isinstance(error, MlflowException) else "; expected a folder that can be written, with free space"
        )
        raise StoreError(f"the store in {folder} cannot be used ({first_line[:300]}){advice}") from error
