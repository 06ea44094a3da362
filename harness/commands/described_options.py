"""Describe a method's options as text: type, default, documentation and searched range."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...methods import documented_ranges, option_docs
from ...methods.option_values import choices, shown_choice
from ...methods.options import option_readers
from ...methods.ranges import option_types
from ...tasks import Budget


@dataclass(frozen=True)
class OptionDescription:
    """One option of a method, as text."""

    name: str
    type: str
    """The option's type or its choices, such as `int or none` or `tensors, layers or model`."""
    default: str
    """The default value; `the suite's` where the suite's budget fills it in, else `unset` for None."""
    text: str
    """The docstring that follows the option in the source; empty where there is none."""
    tuned: str
    """The range that tuning searches, such as `50 to 8000, logarithmic, if asked`; empty where none is documented."""


def describe_options(config: type) -> list[OptionDescription]:
    """Describe every option of a method's `Config`, in the order of its fields.

    Raises:
        ConfigError: the config is no dataclass, or an annotation cannot be read.
    """
    option_readers(config)  # refuses what a run would refuse, in the same sentence
    documented, ranges, hints = option_docs(config), documented_ranges(config), option_types(config)
    budget = {field.name for field in dataclasses.fields(Budget)}
    found = []
    for field in dataclasses.fields(config):
        default = _default(field)
        if default == "none":
            default = "the suite's" if field.name in budget else "unset"
        searched = ranges.get(field.name)
        tuned = "" if searched is None else f"{searched}{', if asked' if searched.costs else ''}"
        found.append(
            OptionDescription(field.name, _type(hints[field.name]), default, documented.get(field.name, ""), tuned)
        )
    return found


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    if value is dataclasses.MISSING:
        return "to be given"
    return str(value) if isinstance(value, bool) else shown_choice(value)[0]


def _type(hint: Any) -> str:
    """Return a type as users write its values: `none` for None, the values themselves for a Literal."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _joined([_type(part) for part in typing.get_args(hint)])
    if typing.get_origin(hint) is typing.Literal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return _joined([shown_choice(value)[0] for value in choices(hint)])
    if hint is type(None):
        return "none"
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)


def _joined(parts: list[str]) -> str:
    """Return the parts in one text, as in `a, b or c`."""
    return " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
