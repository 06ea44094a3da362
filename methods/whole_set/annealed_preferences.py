"""Preferences that start alike, or anywhere, and end near single tasks as a training goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...metrics import simplex_grid

LEAST_CONCENTRATION = 1e-3
"""Concentration at the end of a training, as in PaLoRA's code."""
LEAST_WEIGHT = 0.01
"""Smallest weight of evenly spaced preferences of two tasks, as in PaLoRA's code."""
SHARPNESS = 5.0
"""Exponent of evenly spaced preferences at the end of a training, as in PaLoRA's code."""


def annealed_dirichlet(
    n_tasks: int, n_samples: int, concentration: float, time: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw preferences (n_samples, T) from a Dirichlet distribution whose concentration falls linearly to 0.001.

    Args:
        n_tasks: T.
        n_samples: how many.
        concentration: at the start.
        time: share of the training that is over, 0 to 1.
        rng: draws.
    """
    return rng.dirichlet([concentration * (1 - time) + LEAST_CONCENTRATION] * n_tasks, size=n_samples)


def annealed_lattice(n_tasks: int, n_samples: int, time: float) -> NDArray[np.float64]:
    """Return evenly spaced preferences (n, T), raised to the power of 5 `time` and normalised again.

    At time 0 all are equal weights, and they move apart (PaLoRA, arXiv 2407.08056). For two tasks there are
    `n_samples`; for more, the points of the smallest lattice that has so many.

    Args:
        n_tasks: T.
        n_samples: how many at least, 2 or more.
        time: share of the training that is over, 0 to 1.
    """
    if n_tasks == 2:
        first = np.linspace(LEAST_WEIGHT, 1 - LEAST_WEIGHT, n_samples)
        points = np.stack([first, 1 - first], axis=1)
    else:
        points_per_edge = 2
        while len(points := simplex_grid(n_tasks, points_per_edge)) < n_samples:
            points_per_edge += 1
    sharpened = points ** (SHARPNESS * time)
    annealed: NDArray[np.float64] = sharpened / sharpened.sum(axis=1, keepdims=True)
    return annealed
