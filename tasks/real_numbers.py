"""Read the numbers that suites and learners hand over, in whatever type their authors have them, or refuse them.

One rule holds everywhere: integers and floats of Python, NumPy, torch and other libraries are numbers, with or without
a gradient and on any device, and so are fractions and decimals. True and False, texts, dates, complex numbers and
masked entries are none. Where one number is wanted, an array or a tensor of one element is one; a list is none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError
from ..one_line import shown

LARGEST_WHOLE = 2**53
"""The largest whole number: a float, and with it every part of a record, holds no larger one exactly."""


def as_numbers(what: str, values: object) -> NDArray[np.float64]:
    """Return a new float64 array of a number, an array, a tensor, or nested lists of them.

    Args:
        what: what the numbers are, for the message, such as "reference_point".
        values: what was handed over; NaN and infinity are taken.

    Raises:
        ConfigError: they are no real numbers, or their rows have several lengths.
    """
    return _array(what, "hold real numbers", values).astype(np.float64)


def as_number(what: str, value: object) -> float:
    """Return one number as Python's float; NaN and infinity are taken.

    Raises:
        ConfigError: it is something else, or too large for a float.
    """
    found = None if isinstance(value, list | tuple) else _array(what, "be one real number", value)
    if found is None or found.size != 1:
        raise ConfigError(f"{what} must be one real number, found {shown(value)}")
    return float(found.item())


def as_whole(what: str, value: object) -> int:
    """Return a whole number as Python's int.

    Raises:
        ConfigError: it is none, or none that a float holds exactly.
    """
    number = as_number(what, value)
    if not math.isfinite(number) or number != int(number) or abs(number) > LARGEST_WHOLE:
        raise ConfigError(f"{what} must be a whole number of 2^53 at most, found {shown(value)}")
    return int(number)


def as_count(what: str, value: object) -> int:
    """Return a whole number, 0 or more, as Python's int.

    Raises:
        ConfigError: it is none.
    """
    number = as_whole(what, value)
    if number < 0:
        raise ConfigError(f"{what} must be a whole number, 0 or more; found {shown(value)}")
    return number


def as_positive(what: str, value: object) -> float:
    """Return a positive, finite number as Python's float.

    Raises:
        ConfigError: it is none.
    """
    number = as_number(what, value)
    if not 0 < number < math.inf:
        raise ConfigError(f"{what} must be a positive, finite number, found {shown(value)}")
    return number


def holds_masked(values: object) -> bool:
    """Return whether values are an array of NumPy with masked entries, or lists with one in them.

    NumPy and torch read what lies under a mask as if it were a number.
    """
    if isinstance(values, list | tuple):
        return any(map(holds_masked, values))
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.is_masked(values))


def _array(what: str, expected: str, values: object) -> NDArray[Any]:
    """Return values as an array of integers or floats; raise ConfigError, which says what they must do, otherwise."""
    try:
        return np.asarray(_plain(values))
    except OverflowError as error:
        raise ConfigError(f"{what} is too large for a float") from error
    except (TypeError, RuntimeError) as error:
        raise ConfigError(f"{what} must {expected}, found {shown(values)}") from error
    except ValueError as error:  # NumPy makes no array of such lists
        raise ConfigError(f"{what} must {expected} in rows of one length, found {shown(values)}") from error


def _plain(values: Any) -> Any:
    """Return values as arrays, floats and lists of them, from which NumPy makes one array.

    NumPy reads no tensor with a gradient, on a device or in bfloat16, and no fraction or decimal as a number; and in a
    list it reads True as 1.
    """
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    if isinstance(values, Tensor):
        exact = values.detach().cpu()  # RuntimeError where a tensor has no data
        values = exact.double().numpy() if exact.is_floating_point() else exact.numpy()
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        if array.dtype.kind not in "iuf" or holds_masked(values):
            raise TypeError("no real numbers")
        return array
    if isinstance(values, bool | str | bytes):
        raise TypeError("no real number")
    return float(values)
