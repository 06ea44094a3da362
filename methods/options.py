"""Options: reading what users write (`--set steps=400`, YAML, keywords) as a learner's documented configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import ConfigError, UnknownNameError
from .learner import Learner
from .ranges import option_types


def configure(learner: type[Learner], options: Mapping[str, object]) -> Learner:
    """A learner from option values, checked by name and type.

    Text is read as the option's type; `none` and null leave an option unset where it may be. NaN and infinity
    are no setting of anything.

    Raises:
        UnknownNameError: an option the learner does not have; the message offers the nearest.
        ConfigError: a value of the wrong type or range.
    """
    hints = option_types(learner.Config)
    known = [field.name for field in dataclasses.fields(learner.Config)]
    values = {}
    for option, value in options.items():
        if option not in known:
            raise UnknownNameError(f"option of method {learner.name!r}:", option, known)
        values[option] = _read(f"{learner.name}: {option}", hints[option], value)
    return learner(learner.Config(**values))


def _read(where: str, hint: Any, value: object) -> object:
    named = hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
    adapter: TypeAdapter[object] = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))
    number_for_truth = isinstance(value, bool) and "bool" not in named  # pydantic would read True as 1
    try:
        if number_for_truth:
            raise ValueError
        return adapter.validate_python(None if value == "none" and "None" in named else value)
    except (ValidationError, ValueError) as error:
        raise ConfigError(f"{where} must be {named}, found {value!r}") from error
