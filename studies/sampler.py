"""Optuna's samplers by name, always with a seed."""

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
GENERATIONS = 4
"""A genetic sampler's population is this share of the trials, unless given: Optuna's 50 would be all of them."""


MISUSED = (TypeError, ValueError, AttributeError, IndexError)
"""What Optuna's samplers raise, some of them after many trials, where an option is nothing they can work with."""


def misused(spec: SamplerSpec, error: Exception) -> ConfigError:
    """One of MISUSED as one sentence."""
    return ConfigError(f"the sampler {spec.name!r} cannot work with the options {spec.options}: {error}")


def make_sampler(spec: SamplerSpec, n_trials: int, n_before: int) -> BaseSampler:
    """The sampler for one trial.

    Its seed is made of the study's and of how many trials there are, so that a study by one worker goes the same
    way however often it is interrupted.

    Args:
        spec: which, with its options.
        n_trials: of the whole study.
        n_before: trials that the study holds, of any kind, those that are tried again once.

    Raises:
        ConfigError: an option that Optuna's sampler does not have or take.
    """
    options = dict(spec.options)
    if spec.name in ("nsga2", "nsga3"):
        options.setdefault("population_size", max(4, n_trials // GENERATIONS))
    try:
        return SAMPLERS[spec.name](seed=(spec.seed * 1_000_003 + n_before) % 2**32, **options)
    except MISUSED as error:
        raise misused(spec, error) from error
