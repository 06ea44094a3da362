"""Read YAML files that people write; all mistakes in one are reported at once, each by the key where it is."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from .errors import ConfigError, UnknownNameError
from .mistakes import all_mistakes
from .one_line import as_one_line, shown
from .utf8_file import read_utf8
from .validation_words import said_of
from .yaml_limits import MAX_BYTES, LimitError, PlainLoader

SUFFIXES = (".yaml", ".yml")


def is_yaml_file(name: object) -> bool:
    """Return whether what stands where a name or a file is expected is the path of a YAML file."""
    return isinstance(name, Path) or (isinstance(name, str) and name.lower().endswith(SUFFIXES))


MOST_LOOKED_AT = 200
"""Of so many errors sentences are made, each held against all others; a file may have tens of thousands."""


class Strict(BaseModel):
    """The base of what a file holds: it refuses unknown keys, so that a misspelt one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Spec = TypeVar("Spec", bound=Strict)


def named(key: str) -> BeforeValidator:
    """Return a validator for `Annotated` types that reads a plain text as a mapping with this key alone."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def read_yaml(
    file: Path,
    spec: type[Spec],
    parts: Sequence[type[Strict]] = (),
    look_further: Callable[[Mapping[Any, object]], Sequence[str]] = lambda _: (),
) -> Spec:
    """Read a YAML file, check it, and return its content.

    Args:
        file: the YAML file.
        spec: the model that the content must fit.
        parts: the models that `spec` is made of; the nearest match of a misspelt key is one of all their keys.
        look_further: asked, where the content does not fit, for mistakes in those parts of it that do.

    Raises:
        ConfigError: the file cannot be read or does not fit; the message names every mistake.
    """
    content = _content(file, spec)
    with checked_content(file):
        return fitted(content, spec, parts, look_further)


def fitted(
    content: Mapping[Any, object],
    spec: type[Spec],
    parts: Sequence[type[Strict]] = (),
    look_further: Callable[[Mapping[Any, object]], Sequence[str]] = lambda _: (),
) -> Spec:
    """Check what a file holds, or what a script has given in the place of one, and return it.

    Args:
        content: keys with their values.
        spec, parts, look_further: as in `read_yaml`.

    Raises:
        ConfigError: it does not fit; the message names every mistake.
    """
    try:
        return spec.model_validate(content)
    except ValidationError as error:
        told, n_more = _problems(error, [spec, *parts], content)
        raise ConfigError(all_mistakes([*told, *look_further(content)], n_more)) from error


def yaml_problems(file: Path, spec: type[Strict], parts: Sequence[type[Strict]] = ()) -> list[str]:
    """Return a sentence on everything in a YAML file that does not fit; empty where `read_yaml` would read it.

    Args:
        file, spec, parts: as in `read_yaml`.

    Raises:
        ConfigError: the file cannot be read, or is no YAML.
    """
    content = _content(file, spec)
    try:
        spec.model_validate(content)
    except ValidationError as error:
        told, n_more = _problems(error, [spec, *parts], content)
        return [*told, *([f"{n_more:,} more places do not fit"] if n_more else [])]
    return []


def _content(file: Path, spec: type[Strict]) -> dict[object, object]:
    """Return the content of a YAML file that holds keys."""
    required = [name for name, field in spec.model_fields.items() if field.is_required()]
    try:
        content = yaml.load(read_utf8(file, MAX_BYTES), PlainLoader)
    except LimitError as error:
        raise ConfigError(f"{file} is too large to be read as YAML: {error}") from error
    except ConfigError:  # a sentence on the file already, and a ValueError too
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is not valid YAML: {as_one_line(str(error), 500)}") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{file} must hold the keys {', '.join(required[:-1])} and {required[-1]}, found {type(content).__name__}"
        )
    return content


@contextlib.contextmanager
def checked_content(file: Path | None) -> Iterator[None]:
    """Name the file in errors of names and values that are checked after it was read; None where there is no file.

    Raises:
        UnknownNameError, ConfigError: what is raised within, after the file's name.
    """
    try:
        yield
    except (UnknownNameError, ConfigError) as error:
        if file is not None:
            error.args = (f"{file}: {error}",)
        raise


def _problems(error: ValidationError, models: Sequence[type[Strict]], content: object) -> tuple[list[str], int]:
    """Return a sentence on each of the first problems that pydantic has found, what is misspelt first, and in how many
    other places it has found more."""
    known = [key for model in models for key in model.model_fields]
    found = [(one, _path(one["loc"], content, ends_missing=one["type"] == "missing")) for one in error.errors()]
    found.sort(key=lambda one: one[0]["type"] != "extra_forbidden")
    # By place, since pydantic has an error for each of the types that are allowed there.
    looked_at = {tuple(path) for _, path in found[:MOST_LOOKED_AT]}
    n_more = len({tuple(path) for _, path in found[MOST_LOOKED_AT:]} - looked_at)
    del found[MOST_LOOKED_AT:]
    told: list[str] = []
    meant: list[list[str | int | None]] = []
    covered: list[list[str | int]] = []
    for _, path in found:
        if any(path == other[: len(path)] for other in covered):
            continue
        # Where several types are allowed, that which came furthest is meant.
        problem, furthest = max((one for one in found if one[1][: len(path)] == path), key=lambda one: len(one[1]))
        covered.append(furthest)
        sentence = _sentence(problem, furthest, known)
        if problem["type"] == "extra_forbidden":
            meant.append([*path[:-1], _nearest(str(path[-1]), known)])
        if furthest not in meant:  # a misspelt key is missing too
            told.append(sentence)
    return told, n_more


def _sentence(problem: Mapping[str, Any], path: Sequence[str | int], known: Sequence[str]) -> str:
    """Return one sentence on a problem; `known` are all keys of the file."""
    where = ".".join(map(str, path))
    if problem["type"] == "extra_forbidden":
        near = _nearest(str(problem["loc"][-1]), known)
        return f"unknown key {where!r}" + (f"; did you mean {near!r}?" if near else "")
    if problem["type"] == "missing":
        return f"the key {where!r} is missing"
    if problem["type"] == "value_error":  # our own ConfigError, a sentence already
        return f"{where}: {said_of(problem)}" if where else said_of(problem)
    what = "keys with values are expected" if problem["type"] == "model_type" else problem["msg"].lower()
    quotes = isinstance(problem["input"], bool) and problem["type"] == "string_type"
    hint = "; YAML reads yes, no, on and off as true and false, unless they stand in quotes" if quotes else ""
    return f"{where}: {what}, found {shown(problem['input'])}{hint}"


def _nearest(key: str, known: Sequence[str]) -> str | None:
    """Return the known key that is spelt most alike; another one, since a known key may stand in the wrong place."""
    return next(iter(difflib.get_close_matches(key, [one for one in known if one != key], n=1)), None)


def _path(location: Sequence[str | int], content: object, *, ends_missing: bool) -> list[str | int]:
    """Return the keys and positions of a location in what the file holds.

    Where several types are allowed, pydantic also names the one it tried, which is no part of the path.

    Args:
        location: as pydantic gives it.
        content: the content of the file.
        ends_missing: whether the last part is a key that the content lacks.
    """
    path: list[str | int] = []
    for i, part in enumerate(location):
        missing = ends_missing and i == len(location) - 1
        if isinstance(content, dict) and (part in content or missing):
            content = content.get(part)
            path.append(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
            path.append(part)
    return path
