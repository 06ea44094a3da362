"""Read what a problem is told of its front, in whatever type its author has it, or refuse it at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, FrontError
from ..metrics import Front
from ..one_line import shown
from .real_numbers import as_numbers, as_positive


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
            f"found {shown(values)}"
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
    return None if value is None else as_positive("hypervolume_limit", value)
