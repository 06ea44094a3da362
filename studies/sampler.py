"""Makes Optuna's samplers by name, always with a seed."""

from __future__ import annotations

from collections.abc import Callable

import optuna
from optuna.samplers import BaseSampler

from ..errors import ConfigError
from .spec import SamplerSpec

SAMPLERS: dict[str, Callable[..., BaseSampler]] = {
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "nsga3": optuna.samplers.NSGAIIISampler,
    "random": optuna.samplers.RandomSampler,
}
"""The `name` of a `SamplerSpec` -> Optuna's class."""
GENERATIONS = 4
"""How many populations of a genetic sampler the trials make, unless its size is given: Optuna's 50 would be one."""

MISUSED = (TypeError, ValueError, AttributeError, IndexError)
"""What Optuna's samplers raise, some after many trials, where they cannot work with an option."""


def misused(spec: SamplerSpec, error: Exception) -> ConfigError:
    """Explain one of MISUSED in one sentence."""
    return ConfigError(f"the sampler {spec.name!r} cannot work with the options {spec.options}: {error}")


def make_sampler(spec: SamplerSpec, n_trials: int, n_before: int) -> BaseSampler:
    """Make the sampler that proposes one trial.

    Its seed is derived from the study's seed and the number of trials so far, so that a study by one worker goes the
    same way however often it is interrupted.

    Args:
        spec: the sampler's name, seed and options.
        n_trials: how many trials the whole study is to have.
        n_before: how many trials the study holds, of any state; attempts at one configuration count once.

    Raises:
        ConfigError: Optuna's sampler does not have an option, or refuses its value.
    """
    options = dict(spec.options)
    if spec.name in ("nsga2", "nsga3"):
        options.setdefault("population_size", max(4, n_trials // GENERATIONS))
    try:
        return SAMPLERS[spec.name](seed=(spec.seed * 1_000_003 + n_before) % 2**32, **options)
    except MISUSED as error:
        raise misused(spec, error) from error
