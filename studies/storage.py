"""Optuna's storage of a study: SQLite beside the MLflow store, or any database by URL, shared by all workers."""

from __future__ import annotations

import json
import logging
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
from .standing import DEFAULT

SIGNS_MISSED = 3
"""Heartbeats after which a worker is taken for dead."""
ALIVE = ("COMPLETE", "PRUNED", "RUNNING")
"""States of trials that a study of other settings must not be thrown away for."""
SETTINGS = "frontrunner"
"""Study attribute: what decides what its trials mean."""


def default_url(store: Path) -> str:
    """SQLite in the store's folder."""
    return f"sqlite:///{store / 'optuna.db'}"


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what the database raises into one sentence."""
    try:
        yield
    except (SQLAlchemyError, OptunaError) as error:
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise StoreError(f"Optuna's storage {_without_password(url)} cannot be used ({line[:300]})") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's warnings that something is experimental, in all threads; not to be entered in one of several."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def open_storage(url: str, folder: Path, heartbeat_s: int) -> RDBStorage:
    """The storage, created when it is not there yet.

    Args:
        url: of SQLAlchemy, such as `sqlite:///file` or `postgresql://user@host/name`.
        folder: of the store, for the lock under which the database is made.
        heartbeat_s: how often a worker that runs a trial says that it lives.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what it says about trials is said better by us
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    with quiet(), explained(url), FileLock(folder / "locks" / "optuna.lock"):
        try:
            return RDBStorage(
                url, engine_kwargs=engine, heartbeat_interval=heartbeat_s, grace_period=SIGNS_MISSED * heartbeat_s
            )
        except (ImportError, OSError) as error:
            raise StoreError(f"Optuna's storage {_without_password(url)} cannot be opened ({error})") from error


def open_study(
    storage: RDBStorage,
    name: str,
    *,
    directions: Sequence[Literal["maximize", "minimize"]],
    settings: Mapping[str, Any],
    first: Mapping[str, Any] | None,
    folder: Path,
) -> optuna.Study:
    """The study of this name, created when it is not there yet.

    Args:
        storage: where it is kept.
        name: of the study.
        directions: of its objectives.
        settings: what decides what its trials mean; a study that has others is another study.
        first: the configuration that is tried first; None for none.
        folder: of the store, for the lock under which it is created.

    Raises:
        ConfigError: a study of this name has other settings.
    """
    content = json.loads(json.dumps(settings))
    with explained(str(storage.url)), FileLock(folder / "locks" / "optuna.lock"):
        study = optuna.create_study(storage=storage, study_name=name, directions=list(directions), load_if_exists=True)
        held = study.user_attrs.get(SETTINGS)
        if held is not None and held != content and not any(t.state.name in ALIVE for t in study.get_trials()):
            optuna.delete_study(study_name=name, storage=storage)  # it has found nothing that could be mixed up
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


def _without_password(url: str) -> str:
    scheme, found, rest = url.partition("://")
    return f"{scheme}://***@{rest.rpartition('@')[2]}" if found and "@" in rest else url
