"""Take the numbers that learners and suites hand over: of Python, NumPy or torch, with or without a gradient."""

from __future__ import annotations

import math
from typing import Any

from ...errors import ConfigError

LARGEST_STEP = 2**53
"""The largest number of a step, which every part of a record holds exactly."""


def plain_number(value: Any, what: str) -> float:
    """Return a number as a float, NaN and infinity included.

    Args:
        value: a number of Python or NumPy, or an array or tensor of one element.
        what: the value in words, for the error's message.

    Raises:
        ConfigError: it is something else, or too large for a float.
    """
    if isinstance(value, float):
        return float(value)
    found = value.detach() if hasattr(value, "detach") else value
    size = found.numel() if hasattr(found, "numel") else getattr(found, "size", 1)
    if isinstance(found, (str, bytes)) or size != 1 or not hasattr(type(found), "__float__"):
        raise _no_number(value, what)
    try:
        found = found.item() if hasattr(found, "item") else found
        if not isinstance(found, str):
            return float(found)
    except OverflowError as error:
        raise ConfigError(f"{what} is too large for a float") from error
    except (TypeError, ValueError, RuntimeError) as error:  # a complex number, a date, a tensor without data
        raise _no_number(value, what) from error
    raise _no_number(value, what)


def plain_step(value: Any, what: str) -> int:
    """Return the number of a step as an int; raise ConfigError where it is no whole number that can be recorded."""
    found = plain_number(value, what)
    if not math.isfinite(found) or found != int(found) or abs(found) > LARGEST_STEP:
        raise ConfigError(f"{what} was to be a whole number, found {_in_short(value)}")
    return int(found)


def _no_number(value: object, what: str) -> ConfigError:
    return ConfigError(f"{what} was to be a number, found {_in_short(value)}")


def _in_short(value: object) -> str:
    """Return the type of a value and the beginning of its text, in one line."""
    shape = f" of shape {tuple(shape)}" if (shape := getattr(value, "shape", None)) is not None else ""
    text = "" if shape else f" {' '.join(repr(value).split())[:60]}"
    return f"{type(value).__name__}{shape}{text}"
