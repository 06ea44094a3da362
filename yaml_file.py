"""Read YAML files that people write; every mistake in one is reported in one sentence that names the key."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from .errors import ConfigError, UnknownNameError
from .one_line import as_one_line, shown
from .utf8_file import read_utf8
from .yaml_limits import MAX_BYTES, LimitError, PlainLoader


class Strict(BaseModel):
    """The base of what a file holds: it refuses unknown keys, so that a misspelt one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Spec = TypeVar("Spec", bound=Strict)


def named(key: str) -> BeforeValidator:
    """Return a validator for `Annotated` types that reads a plain text as a mapping with this key alone."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def read_yaml(file: Path, spec: type[Spec], parts: Sequence[type[Strict]] = ()) -> Spec:
    """Read a YAML file, check it, and return its content.

    Args:
        file: the YAML file.
        spec: the model that the content must fit.
        parts: the models that `spec` is made of; the nearest match of a misspelt key is one of all their keys.

    Raises:
        ConfigError: the file cannot be read or does not fit; the message says in one sentence why.
    """
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
    try:
        return spec.model_validate(content)
    except ValidationError as error:
        models: list[type[Strict]] = [spec, *parts]
        known = [key for model in models for key in model.model_fields]
        raise ConfigError(f"{file}: {_first_problem(error, known)}") from error


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


def _first_problem(error: ValidationError, known: Sequence[str]) -> str:
    """Return one sentence on the first problem that pydantic has found; `known` are all keys of the file."""
    # A misspelt key is also a missing one; the misspelling says more.
    problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    # Where several types are allowed, pydantic also names the one it tried.
    where = ".".join(str(part) for part in problem["loc"] if not re.search(r"[A-Z\[(]", str(part)))
    if problem["type"] == "extra_forbidden":
        found = str(problem["loc"][-1])  # may be a known key of another place, which is no hint
        near = difflib.get_close_matches(found, [key for key in known if key != found], n=1)
        return f"unknown key {where!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if problem["type"] == "missing":
        return f"the key {where!r} is missing"
    if problem["type"] == "value_error":  # our own ConfigError, a sentence already
        return f"{where}: {problem['ctx']['error']}" if where else str(problem["ctx"]["error"])
    return f"{where}: {problem['msg'].lower()}, found {shown(problem['input'])}"
