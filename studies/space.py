"""Search spaces: from documented ranges and what a tuning file says to Optuna's distributions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from ..errors import ConfigError, UnknownNameError
from ..methods import METHODS, Choice, Range, documented_ranges, make_learner, whole_options
from .spec import SpaceSpec, TunedLearnerSpec, ValuesSpec

ENUMERABLE = 10_000
"""Spaces of up to so many configurations are listed when no new one is proposed."""
LARGEST_WHOLE = 2**53
"""Beyond it not every whole number is a number of a YAML file."""


@dataclass(frozen=True)
class Space:
    """What is tuned: option -> distribution."""

    distributions: Mapping[str, BaseDistribution]

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """A value for every option, proposed by the study's sampler."""
        found: dict[str, Any] = {}
        for option, values in self.distributions.items():
            if isinstance(values, IntDistribution):
                found[option] = trial.suggest_int(option, values.low, values.high, step=values.step, log=values.log)
            elif isinstance(values, FloatDistribution):
                found[option] = trial.suggest_float(option, values.low, values.high, step=values.step, log=values.log)
            elif isinstance(values, CategoricalDistribution):
                found[option] = trial.suggest_categorical(option, values.choices)
        return found

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether these are values for every option, each within its range."""
        return set(params) == set(self.distributions) and all(
            _holds(values, params[option]) for option, values in self.distributions.items()
        )

    def size(self) -> float:
        """How many configurations there are; infinite where an option takes any real value."""
        return math.prod(_count(values) for values in self.distributions.values())

    def unseen(self, seen: list[Mapping[str, Any]], rng: np.random.Generator) -> dict[str, Any] | None:
        """A configuration that is not among these, any with equal chance; None where there is none.

        Only for spaces of up to ENUMERABLE configurations.
        """
        every = [
            dict(zip(self.distributions, values, strict=True))
            for values in itertools.product(*(_values(values) for values in self.distributions.values()))
        ]
        taken = {self._place(params) for params in seen if set(params) == set(self.distributions)}
        left = [params for params in every if self._place(params) not in taken]
        return left[rng.integers(len(left))] if left else None

    def _place(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Equal for equal configurations, however their numbers were rounded."""
        return tuple(_place(values, params[option]) for option, values in self.distributions.items())

    def described(self) -> dict[str, str]:
        """Option -> where it is searched, for people."""
        return {option: _describe(values) for option, values in self.distributions.items()}


def make_space(learner: TunedLearnerSpec, shared: SpaceSpec | None) -> Space:
    """The space of one learner.

    Args:
        learner: with its fixed options, which are not searched.
        shared: for a learner without a space of its own.

    Raises:
        UnknownNameError: an option the learner does not have.
        ConfigError: nothing to tune, a range that is none, or an option without a documented one.
    """
    config = METHODS.get(learner.method).Config
    make_learner(learner.method, **learner.options)  # refuses options that are none
    documented = documented_ranges(config)
    asked = learner.space if learner.space is not None else shared
    if asked is None:
        asked = {option: None for option, values in documented.items() if not values.costs}
        asked = {option: values for option, values in asked.items() if option not in learner.options}
    if not asked:
        raise ConfigError(
            f"{learner.method} documents nothing to tune but what costs ({', '.join(documented) or 'no option'}); "
            "name options under space"
        )
    whole = whole_options(config)
    distributions = {}
    for option, values in asked.items():
        known = list(config.__dataclass_fields__)
        if option not in known:
            raise UnknownNameError(f"option of method {learner.method!r}:", option, known)
        if option in learner.options:
            raise ConfigError(f"{learner.name}: {option} is given under options and under space; drop one of them")
        where = documented.get(option) if values is None else values
        if where is None:
            raise ConfigError(
                f"{learner.method} documents no range for {option}; give one under space, as {{low: ..., high: ...}} "
                "or a list of values"
            )
        distributions[option] = _distribution(f"{learner.name}: {option}", where, whole=option in whole)
        for end in _ends(distributions[option]):
            make_learner(learner.method, **learner.options, **{option: end})  # refuses values that are none
    return Space(distributions)


def _distribution(where: str, values: Range | Choice | ValuesSpec | list[Any], *, whole: bool) -> BaseDistribution:
    try:
        if isinstance(values, (Choice, list)):
            choices = values.values if isinstance(values, Choice) else values
            if len(choices) < 2 or len(set(choices)) < len(choices):
                raise ValueError(f"a choice needs two or more distinct values, found {list(choices)}")
            return CategoricalDistribution(choices)
        step = values.step if isinstance(values, ValuesSpec) else None
        if not values.low < values.high:
            raise ValueError(f"low must be below high, found {values.low} and {values.high}")
        if values.log and step is not None:
            raise ValueError("a logarithmic range has no step")
        if step is not None and not (steps := (values.high - values.low) / step) >= 1:
            raise ValueError(f"a step of {step} leaves one value")
        if step is not None and not math.isclose(steps, round(steps)):
            raise ValueError(f"steps of {step} do not lead from {values.low} to {values.high}")
        if not whole:
            return FloatDistribution(values.low, values.high, log=values.log, step=step)
        if max(abs(values.low), abs(values.high)) > LARGEST_WHOLE:
            raise ValueError(f"whole numbers are searched up to {LARGEST_WHOLE}")
        if any(value % 1 for value in (values.low, values.high, step or 1)):
            raise ValueError(f"the option holds whole numbers, found {values.low} to {values.high}")
        return IntDistribution(int(values.low), int(values.high), log=values.log, step=int(step or 1))
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{where} cannot be searched there: {error}") from error


def _holds(values: BaseDistribution, value: Any) -> bool:
    if isinstance(values, CategoricalDistribution):
        return value in values.choices
    low, high = _ends(values)
    if value is None or not low <= value <= high:
        return False
    assert isinstance(values, (IntDistribution, FloatDistribution))  # for the type checker: there is no other
    return values.step is None or math.isclose(value, low + values.step * round((value - low) / values.step))


def _place(values: BaseDistribution, value: Any) -> Any:
    """Which of the values this is."""
    if isinstance(values, FloatDistribution) and values.step is not None:
        return round((value - values.low) / values.step)
    return value


def _ends(values: BaseDistribution) -> tuple[Any, ...]:
    if isinstance(values, CategoricalDistribution):
        return values.choices
    assert isinstance(values, (IntDistribution, FloatDistribution))  # for the type checker: there is no other
    return (values.low, values.high)


def _count(values: BaseDistribution) -> float:
    if isinstance(values, CategoricalDistribution):
        return len(values.choices)
    assert isinstance(values, (IntDistribution, FloatDistribution))  # for the type checker: there is no other
    return math.inf if values.step is None else round((values.high - values.low) / values.step) + 1


def _values(values: BaseDistribution) -> Sequence[Any]:
    if isinstance(values, CategoricalDistribution):
        return values.choices
    if isinstance(values, IntDistribution):
        return range(values.low, values.high + 1, values.step)
    assert isinstance(values, FloatDistribution)  # for the type checker: there is no other
    assert values.step is not None
    # rounded up, the last is above
    return [min(values.low + values.step * i, values.high) for i in range(int(_count(values)))]


def _describe(values: BaseDistribution) -> str:
    if isinstance(values, CategoricalDistribution):
        return " or ".join(map(str, values.choices))
    assert isinstance(values, (IntDistribution, FloatDistribution))  # for the type checker: there is no other
    step = "" if values.step in (None, 1) else f" by {values.step:g}"
    return f"{values.low:g} to {values.high:g}{step}{', logarithmic' if values.log else ''}"
