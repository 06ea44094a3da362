"""The yardstick of a board: what 1-nearest-neighbour on raw inputs reaches, a line without a rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import FrontError
from ...metrics import Front, hypervolume

NEIGHBOUR = "1-nearest-neighbour (no model)"
"""The name of the line."""


@dataclass(frozen=True)
class Yardstick:
    """What 1-nearest-neighbour reaches, which has no model to learn."""

    errors: tuple[float, ...]
    """Error on every task, mean over seeds."""
    hypervolume: float
    """Mean over seeds."""


def yardstick(
    errors: Mapping[int, Sequence[float]], seeds: Sequence[int], reference_point: Sequence[float]
) -> Yardstick | None:
    """Return the yardstick over the seeds that rows are compared on; None where none of them has recorded it.

    Args:
        errors: T errors by seed.
        seeds: those seeds.
        reference_point: the hypervolume's, T numbers.
    """
    found = np.array([errors[seed] for seed in seeds if seed in errors], dtype=np.float64)
    if not found.size:
        return None
    try:
        volumes = [hypervolume(Front(one[None]), np.asarray(reference_point)).value for one in found]
    except FrontError:  # of an imported record
        return None
    return Yardstick(tuple(found.mean(axis=0).tolist()), float(np.mean(volumes)))
