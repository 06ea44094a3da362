"""Refuse keys of a suite file that would be read and mean nothing, each with its own path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ...errors import ConfigError
from ...yaml_file import Strict


def given_keys(spec: Strict) -> set[str]:
    """Return the keys that a file gives of a part, those with nothing after them left out."""
    return {name for name in spec.model_fields_set if getattr(spec, name) is not None}


def refuse_keys(part: type[Strict], wrong: Mapping[str, str], content: Mapping[Any, Any]) -> None:
    """Refuse keys of a part, from within one of its validators.

    Args:
        part: the part's model.
        wrong: why each key is refused, by its path below the part.
        content: what the file gives, by key.

    Raises:
        ValidationError: there are any; pydantic puts the path of the part before theirs.
    """
    if wrong:
        raise ValidationError.from_exception_data(
            part.__name__,
            [
                InitErrorDetails(
                    type=PydanticCustomError("value_error", "{error}", {"error": ConfigError(why)}),
                    loc=tuple(key.split(".")),
                    input=content.get(key),
                )
                for key, why in wrong.items()
            ],
        )
