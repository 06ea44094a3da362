"""Check what a script gives to `run`, `bench` and `results`: it may pass anything, whatever the annotations say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...one_line import shown


def as_path(what: str, given: object) -> str:
    """Return a path as text; `what` it is the path of begins the message.

    Raises:
        ConfigError: it is neither text nor a path, empty, or no file system can have it.
    """
    if not isinstance(given, str | os.PathLike) or isinstance(text := os.fspath(given), bytes):
        raise ConfigError(f"{what} is a text or a pathlib.Path, found {shown(given)}")
    if not text or "\0" in text:
        raise ConfigError(f"{what} is a path, found {shown(text)}")
    return text


def as_store(given: object) -> str | None:
    """Return the folder or address of a store as text; None stands for the usual one.

    Raises:
        ConfigError: it is no path.
    """
    return None if given is None else as_path("store, the folder of a store,", given)


def as_paths(what: str, given: object) -> tuple[str, ...]:
    """Return the paths of a list.

    Raises:
        ConfigError: it is no list, such as a single path, or one of it is no path.
    """
    return tuple(as_path(f"each of {what}", one) for one in _listed(what, "paths, such as ['mine.py']", given))


def as_names(what: str, given: object) -> list[str]:
    """Return the names of a list.

    Raises:
        ConfigError: it is no list, such as a single name, or one of it is no text.
    """
    names = _listed(what, "names, such as ['digits', 'fashion']", given)
    for name in names:
        as_text(f"each of {what}", name)
    return names


def as_text(what: str, given: object) -> str:
    """Return a text.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(given, str):
        raise ConfigError(f"{what} is a text, found {shown(given)}")
    return given


def as_options(given: object) -> dict[str, Any]:
    """Return options by their names; None stands for none.

    Raises:
        ConfigError: it is no mapping, or a name is no text.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ConfigError(f"options map names to values, such as {{'steps': 100}}; found {shown(given)}")
    return dict(given)


def as_switch(what: str, given: object) -> bool:
    """Return True or False.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(given, bool):
        raise ConfigError(f"{what} is True or False, found {shown(given)}")
    return given


def _listed(what: str, of: str, given: object) -> list[Any]:
    if isinstance(given, str | bytes | os.PathLike | Mapping | Set) or not isinstance(given, Iterable):
        raise ConfigError(f"{what} is a list of {of}; found {shown(given)}")
    return list(given)


def as_bench_source(given: object) -> Path | dict[Any, object]:
    """Return the path of a bench file, or what a script has given in the place of its content.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, str | os.PathLike):
        return Path(as_path("a bench file", given))
    raise ConfigError(f"a bench is the path of a file, or a mapping of what one holds; found {shown(given)}")
