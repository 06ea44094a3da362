"""The next point of a Bayesian search for a minimum, by Optuna's Gaussian process and log expected improvement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray


def most_promising(
    points: NDArray[np.float64], values: NDArray[np.float64], *, lowest: float, highest: float, seed: int
) -> NDArray[np.float64]:
    """Return the point (D,) of a box where the expected improvement over the least value is greatest.

    Args:
        points: (n, D) what was evaluated, in the box.
        values: (n,) the values at the points, minimised.
        lowest, highest: the bounds of the box in every dimension.
        seed: the seed of Optuna's own generator; no global state is read or written.
    """
    # Imported here: listing methods must not wait for Optuna.
    import optuna

    box: dict[str, optuna.distributions.BaseDistribution] = {
        f"c{i}": optuna.distributions.FloatDistribution(lowest, highest) for i in range(points.shape[1])
    }
    with _quiet():
        study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=seed, n_startup_trials=0))
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params=dict(zip(box, point.tolist(), strict=True)), distributions=box, value=float(value)
                )
                for point, value in zip(points, values, strict=True)
            ]
        )
        params = study.ask(box).params
    return np.array([params[name] for name in box])


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Optuna logs of every study and every missing speed-up; errors still pass."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
