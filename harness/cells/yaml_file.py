"""Reading YAML files that people write: every mistake is one sentence that names the key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from ...errors import ConfigError


class Strict(BaseModel):
    """A misspelt key is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Spec = TypeVar("Spec", bound=Strict)


def named(key: str) -> BeforeValidator:
    """Beside a type in `Annotated`: text in the place of a mapping is its value of this key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class _OneOfEachKey(yaml.SafeLoader):
    """YAML without repeated keys, of which the standard loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(problem=f"the key {key!r} is given twice")
        return super().construct_mapping(node, deep)


def read_yaml(file: Path, spec: type[Spec], parts: Sequence[type[Strict]] = ()) -> Spec:
    """Read and check a file.

    Args:
        file: the YAML file.
        spec: what it must hold.
        parts: what `spec` is made of; a misspelt key is looked for among the keys of all of them.

    Raises:
        ConfigError: says in one sentence what is wrong with it.
    """
    required = [name for name, field in spec.model_fields.items() if field.is_required()]
    try:
        content = yaml.load(file.read_text(), _OneOfEachKey)
    except OSError as error:
        raise ConfigError(f"the file {str(file)!r} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
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


def _first_problem(error: ValidationError, known: Sequence[str]) -> str:
    # A misspelt key is also a missing one; the misspelling says more.
    problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    # pydantic names the type it tried among several, too
    where = ".".join(str(part) for part in problem["loc"] if not re.search(r"[A-Z\[(]", str(part)))
    if problem["type"] == "extra_forbidden":
        found = str(problem["loc"][-1])  # which may be right elsewhere
        near = difflib.get_close_matches(found, [key for key in known if key != found], n=1)
        return f"unknown key {where!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if problem["type"] == "missing":
        return f"the key {where!r} is missing"
    if problem["type"] == "value_error":  # one of our own, a sentence already
        return f"{where}: {problem['ctx']['error']}" if where else str(problem["ctx"]["error"])
    return f"{where}: {problem['msg'].lower()}, found {problem['input']!r}"
