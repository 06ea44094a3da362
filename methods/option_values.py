"""Read the plain values of options out of what callers hand over, within limits, and what a text stands for.

Limits are checked before a value is validated, compared or shown in a message: a list of lists of lists costs each of
them more than it costs its author.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import numpy as np
from torch import Tensor

from ..errors import ConfigError
from ..one_line import shown
from ..tasks.real_numbers import holds_masked

MAX_TEXT_CHARACTERS = 20_000
"""The most characters of a text: a prompt of several pages, and no file."""
MAX_VALUES = 1_000
"""The most values of one option, counted through all its lists and mappings; a cell's record has room for no more."""
MAX_DEPTH = 10
"""The most lists and mappings inside each other."""
MAX_BITS = 256
"""The largest whole number, in bits: none is meant to be larger, and Python writes none of 4,300 digits."""

SCALARS = (type(None), bool, int, float, str)
"""Types of values that a record holds as they are."""


def plain(where: str, value: object) -> object:
    """Return a value with the scalars and arrays of NumPy and torch in it as Python's own numbers and lists.

    Args:
        where: the owner and name of the option, for messages.
        value: anything; what is no number, text, list, tuple or mapping is returned as it is.

    Raises:
        ConfigError: the value is larger than the limits above.
    """
    return _plain(where, value, 0, iter(range(MAX_VALUES)))


def _plain(where: str, value: object, depth: int, room: Iterator[int]) -> object:
    if next(room, None) is None:
        raise ConfigError(f"{where} may hold {MAX_VALUES:,} values at most, found more")
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        size = value.numel() if isinstance(value, Tensor) else value.size
        if size > MAX_VALUES:
            raise ConfigError(f"{where} may hold {MAX_VALUES:,} values at most, found {size:,}")
        if holds_masked(value):
            raise ConfigError(f"{where} may hold no masked entries, found {shown(value)}")
        value = value.tolist()
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        raise ConfigError(f"{where} may be a text of {MAX_TEXT_CHARACTERS:,} characters at most, found {len(value):,}")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise ConfigError(f"{where} may be a text that UTF-8 can hold, without NUL, found {shown(value)}")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ConfigError(f"{where} may be a whole number of {MAX_BITS} bits at most, found {value.bit_length():,}")
    if type(value) not in (list, tuple, dict):
        return value
    if depth == MAX_DEPTH:
        raise ConfigError(f"{where} may hold {MAX_DEPTH} lists inside each other at most, found more")
    if isinstance(value, dict):
        return {_plain(where, k, depth + 1, room): _plain(where, v, depth + 1, room) for k, v in value.items()}
    assert isinstance(value, (list, tuple))  # for the type checker
    return type(value)(_plain(where, member, depth + 1, room) for member in value)


def readings_of(text: str, hint: Any) -> Iterator[object]:
    """Yield what a text may stand for where an option does not take it as it is.

    That is a member of an `Enum` by its value or name, a value of a `Literal`, or a list or mapping written as JSON.

    Args:
        text: the text, as from a command line.
        hint: the option's type.
    """
    for value in choices(hint):
        if text in shown_choice(value):
            yield value
    if text[:1] in "[{":
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            return


def choices(hint: Any) -> list[Any]:
    """Return the values that a type lists: those of a `Literal`, the members of an `Enum`, also inside of a union."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    return [value for member in get_args(hint) for value in choices(member)]


def shown_choice(value: object) -> tuple[str, ...]:
    """Return the texts by which a choice is named, the usual one first; `none` and `true` as YAML has them."""
    if isinstance(value, Enum):
        return str(value.value), value.name
    if value is None or isinstance(value, bool):
        return str(value).lower(), str(value)
    return (str(value),)


def same(one: object, other: object) -> bool:
    """Return whether two values are equal and of one type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return bool(one == other)
