"""Ranges in which options are worth searching, declared beside the option and read by whoever tunes."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..plugin_modules import without_plugin_prefix

UNIONS = (typing.Union, types.UnionType)
"""What `typing.get_origin` gives for `A | B`, depending on how A and B are written."""


@dataclass(frozen=True)
class Range:
    """Says that an option is worth searching from `low` to `high`, both included; in whole numbers if it is an integer.

    A range is advice and no bound. An option says `lr: Annotated[float, Range(1e-4, 1e-1, log=True)] = 1e-2`.

    Raises:
        ConfigError: the ends are not finite, low is not below high, or `log` with a low end that is not above 0.
    """

    low: float
    """The least value searched."""
    high: float
    """The greatest value searched."""
    log: bool = False
    """Whether values are searched by order of magnitude."""
    costs: bool = False
    """Whether higher values buy quality with time or memory: such an option is tuned only where it is asked for."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(f"a range needs finite ends with low below high, found {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ConfigError(f"a logarithmic range needs a low end above 0, found {self.low}")

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """Says that an option is worth searching among a few values.

    Raises:
        ConfigError: fewer than two values, or the same one twice.
    """

    values: tuple[str | int | float | bool, ...]
    """The values, two or more, all different."""
    costs: bool = False
    """Whether some values buy quality with time or memory, as for `Range`."""

    def __post_init__(self) -> None:
        given: object = self.values  # a plugin may have passed anything
        if not isinstance(given, tuple) or not all(type(value) in (str, int, float, bool) for value in given):
            raise ConfigError(f"a choice needs a tuple of texts, numbers, true and false, found {given!r}")
        if not 2 <= len(given) == len(set(given)):
            raise ConfigError(f"a choice needs two or more distinct values, found {given!r}")

    def __str__(self) -> str:
        return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in self.values)


def documented_ranges(config: type) -> dict[str, Range | Choice]:
    """Map those options of a learner's `Config` that say where they are worth searching to their range or choice.

    Raises:
        ConfigError: an annotation cannot be read, or an option could not hold the ends of its `Range`.
    """
    hints = option_types(config, include_extras=True)
    whole = whole_options(config)
    found = {}
    for field in dataclasses.fields(config):
        for extra in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(extra, (Range, Choice)):
                found[field.name] = extra
            if isinstance(extra, Range) and field.name in whole and not (extra.low % 1 == extra.high % 1 == 0):
                raise ConfigError(
                    f"option {field.name!r} of {config.__qualname__} holds whole numbers, found a range from "
                    f"{extra.low} to {extra.high}; give it whole ends"
                )
    return found


def whole_options(config: type) -> frozenset[str]:
    """Return the options of a learner's `Config` that hold whole numbers, perhaps besides None."""
    hints = option_types(config)
    return frozenset(field.name for field in dataclasses.fields(config) if is_whole(hints[field.name]))


def option_types(config: type, *, include_extras: bool = False) -> dict[str, Any]:
    """Map every option of a learner's `Config` to its type; `include_extras` keeps what is annotated beside the type.

    Raises:
        ConfigError: an annotation cannot be read.
    """
    try:
        return typing.get_type_hints(config, include_extras=include_extras)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise ConfigError(
            f"the annotations of {config.__qualname__} cannot be read: {error}; import what they name in "
            f"{without_plugin_prefix(config.__module__)}, outside of TYPE_CHECKING"
        ) from error


def is_whole(hint: Any) -> bool:
    """Say whether a type is `int` or `int | None`; `bool` is none of them here."""
    return (set(typing.get_args(hint)) if typing.get_origin(hint) in UNIONS else {hint}) - {type(None)} == {int}
