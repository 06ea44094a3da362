"""Opens Optuna's storage, shared by all workers: SQLite beside the MLflow store, or any database by URL."""

from __future__ import annotations

import functools
import inspect
import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from ..errors import ConfigError, StoreError
from ..harness.records.database_errors import why_and_advice
from ..harness.records.database_lock import Patience
from .counted_trials import DEFAULT

SIGNS_MISSED = 3
"""How many heartbeats a worker may miss before it is taken for dead."""
ALIVE = ("COMPLETE", "PRUNED", "RUNNING")
"""States of trials for whose sake a study is kept when the file's settings have changed."""
SQLITE_TIMEOUT_S = 5.0
"""Seconds that one try waits for a locked database; `Patience` tries again for longer, and can be interrupted."""
MADE_BY_ANOTHER = ("duplicate key", "already exists")
"""Parts of what PostgreSQL says to the slower of two machines that make the same table."""
MOST_TRIES, TRY_AGAIN_S = 10, 1.0
"""How often to try to make the tables again, and how many seconds to wait between."""
SETTINGS = "frontrunner"
"""Study attribute: the settings that decide what its trials mean, see `Plan.settings`."""


def default_url(store: Path) -> str:
    """Return the URL of the SQLite database in the store's folder."""
    return f"sqlite:///{store / 'optuna.db'}"


@contextmanager
def storage_explained(url: str) -> Iterator[None]:
    """Turn what the database raises into a StoreError of one sentence, without its password."""
    try:
        yield
    except (SQLAlchemyError, OptunaError) as error:
        raise StoreError(f"Optuna's storage {without_password(url)} cannot be used {why_and_advice(error)}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's warnings that something is experimental.

    It holds for all threads at once, so enter it before there are several.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


class PatientStorage(RDBStorage):
    """A storage whose methods wait while another process has locked the database.

    Args:
        url: a URL of SQLAlchemy.
        patience: how long to wait.
        options: further arguments of `RDBStorage`.
    """

    def __init__(self, url: str, patience: Patience, **options: Any) -> None:
        self.patience = patience
        super().__init__(url, **options)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not inspect.ismethod(found):
            return found
        return functools.partial(super().__getattribute__("patience").call, found)


def open_storage(url: str, folder: Path, heartbeat_s: int) -> PatientStorage:
    """Open the storage; it is created when it is not there yet.

    Args:
        url: a URL of SQLAlchemy, such as `sqlite:///file` or `postgresql://user@host/name`.
        folder: the store's folder, for the lock under which the database is created.
        heartbeat_s: seconds between the signs of life of a worker that runs a trial.

    Raises:
        StoreError: the database cannot be opened or used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # our own line for each trial says more
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = {"connect_args": {"timeout": SQLITE_TIMEOUT_S}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    patience = Patience(f"Optuna's storage {without_password(url)}")
    with quiet(), storage_explained(url), FileLock(folder / "locks" / "optuna.lock"):
        try:
            return _made(
                url,
                patience,
                engine_kwargs=engine,
                heartbeat_interval=heartbeat_s,
                grace_period=SIGNS_MISSED * heartbeat_s,
            )
        except ImportError as error:
            driver = (
                'its driver is missing: pip install "frontrunner[postgresql]"'
                if url.startswith("postgres")
                else f"its driver is missing ({error})"
            )
            raise StoreError(f"Optuna's storage {without_password(url)} cannot be opened; {driver}") from error
        except OSError as error:
            raise StoreError(f"Optuna's storage {without_password(url)} cannot be opened ({error})") from error


def _made(url: str, patience: Patience, **options: Any) -> PatientStorage:
    """Return the storage; where another machine makes its tables at the same moment, once they are there."""
    for _ in range(MOST_TRIES):
        try:
            return patience.call(PatientStorage, url, patience, **options)
        except SQLAlchemyError as error:
            if not any(part in str(error) for part in MADE_BY_ANOTHER):
                raise
            time.sleep(TRY_AGAIN_S)
    return patience.call(PatientStorage, url, patience, **options)


def open_study(
    storage: RDBStorage,
    name: str,
    *,
    directions: Sequence[Literal["maximize", "minimize"]],
    settings: Mapping[str, Any],
    first: Mapping[str, Any] | None,
    folder: Path,
) -> optuna.Study:
    """Open the study of this name; it is created when it is not there yet.

    A study of other settings is replaced where none of its trials has a value or runs.

    Args:
        storage: where studies are kept.
        name: the study's name.
        directions: one for each objective.
        settings: what decides what trials mean; trials of other settings must not be mixed in.
        first: the configuration to try first; None for none.
        folder: the store's folder, for the lock under which the study is created.

    Raises:
        ConfigError: the study was begun with other settings, and has trials that count.
        StoreError: the storage cannot be used.
    """
    content = json.loads(json.dumps(settings))
    with storage_explained(str(storage.url)), FileLock(folder / "locks" / "optuna.lock"):
        study = optuna.create_study(storage=storage, study_name=name, directions=list(directions), load_if_exists=True)
        held = study.user_attrs.get(SETTINGS)
        if held is not None and held != content and not any(t.state.name in ALIVE for t in study.get_trials()):
            optuna.delete_study(
                study_name=name, storage=storage
            )  # it holds nothing that new trials could be mixed up with
            study = optuna.create_study(storage=storage, study_name=name, directions=list(directions))
            held = None
        if held is None:
            if first is not None:
                study.enqueue_trial(dict(first), user_attrs={DEFAULT: True}, skip_if_exists=True)
            study.set_user_attr(SETTINGS, content)
            return study
    differing = sorted(key for key in {*held, *content} if held.get(key) != content.get(key))
    if differing:
        raise ConfigError(
            f"the study {name!r} was begun with another {' and '.join(differing)} ({_short(held, differing)}, now "
            f"{_short(content, differing)}): its trials cannot be compared with new ones; give the file another name"
        )
    return study


def _short(settings: Mapping[str, Any], keys: Sequence[str]) -> str:
    text = ", ".join(json.dumps(settings.get(key)) for key in keys)
    return text if len(text) < 150 else text[:147] + "..."


def without_password(url: str) -> str:
    """Return the URL of a database with `***` where it holds a name and a password."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://***@{rest.rpartition('@')[2]}" if found and "@" in rest else url
