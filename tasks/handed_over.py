"""Reading the numbers that a problem is made with, in whatever type its author has them, or refusing them at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError, FrontError
from ..metrics import Front


def as_numbers(what: str, values: object) -> NDArray[np.float64]:
    """Return a new float64 array of a number, an array, a tensor on any device, or nested lists of them.

    Args:
        what: what the numbers are, for the message, such as "reference_point".
        values: what was handed over.

    Raises:
        ConfigError: they are no real numbers, or their rows have several lengths.
    """
    try:
        array = np.asarray(_plain(values))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{what} must hold real numbers in rows of one length, found {_shown(values)}") from error
    if array.dtype.kind not in "iuf":
        raise ConfigError(f"{what} must hold real numbers, found {_shown(values)}")
    return array.astype(np.float64)


def as_reference_point(values: object, n_tasks: int) -> NDArray[np.float64]:
    """Return the reference point (T,): 1 for every task when None, and a single number for every task.

    Raises:
        ConfigError: it is not T finite numbers.
    """
    if values is None:
        return np.ones(n_tasks)
    point = as_numbers("reference_point", values)
    if point.ndim == 0:
        point = np.full(n_tasks, float(point))
    if point.shape != (n_tasks,) or not np.isfinite(point).all():
        raise ConfigError(
            f"reference_point must hold one finite number a task ({n_tasks}), or be one number for all; "
            f"found {_shown(values)}"
        )
    return point


def as_true_front(values: object, n_tasks: int) -> NDArray[np.float64] | None:
    """Return the true front (n, T), or None where none is known.

    Raises:
        ConfigError: it is not one or more rows of T finite numbers.
    """
    if values is None:
        return None
    points = as_numbers("pareto_front", values)
    try:
        front = Front(points)
    except FrontError as error:
        raise ConfigError(f"pareto_front cannot be a front: {error}") from error
    if front.n_objectives != n_tasks:
        raise ConfigError(
            f"pareto_front must have one column a task ({n_tasks}), found points of {front.n_objectives} numbers"
        )
    return points


def as_hypervolume_limit(value: object) -> float | None:
    """Return the true front's hypervolume as a Python number, or None where it is not known.

    Raises:
        ConfigError: it is not one positive, finite number.
    """
    if value is None:
        return None
    number = as_numbers("hypervolume_limit", value)
    if number.size != 1 or not (np.isfinite(number).all() and number.item() > 0):
        raise ConfigError(f"hypervolume_limit must be one positive, finite number, found {_shown(value)}")
    return float(number.item())


def as_count(what: str, value: object) -> int:
    """Return a whole number, 0 or more, handed over as any kind of number or as a tensor of one.

    Raises:
        ConfigError: it is not one.
    """
    number = as_numbers(what, value)
    if number.size != 1 or not (number.item() >= 0 and float(number.item()).is_integer()):
        raise ConfigError(f"{what} must be a whole number, 0 or more; found {_shown(value)}")
    return int(number.item())


def as_positive(what: str, value: object) -> float:
    """Return a positive, finite number as a Python number.

    Raises:
        ConfigError: it is not one.
    """
    number = as_numbers(what, value)
    if number.size != 1 or not 0 < number.item() < math.inf:
        raise ConfigError(f"{what} must be a positive, finite number, found {_shown(value)}")
    return float(number.item())


def _plain(values: object) -> object:
    """Return the values with every tensor as an array: NumPy reads none with gradients, on a device or in bfloat16."""
    if isinstance(values, Tensor):
        exact = values.detach().cpu()
        return exact.double().numpy() if exact.is_floating_point() else exact.numpy()
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError("masked")
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    return values


def _shown(values: object) -> str:
    """Return the values for a message, in one short line."""
    text = " ".join(repr(values).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
