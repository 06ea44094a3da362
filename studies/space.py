"""Makes search spaces: Optuna's distributions from a file's ranges and those that methods document."""

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
"""The most configurations of a space that is searched for an untried one when the sampler proposes no new one."""
LARGEST_WHOLE = 2**53
"""The largest bound of whole numbers: beyond it a float, as YAML files hold, skips some of them."""


@dataclass(frozen=True)
class Space:
    """The options that are tuned, each with the distribution it is searched over."""

    distributions: Mapping[str, BaseDistribution]

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Let the study's sampler propose a value for every option."""
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
        """Tell whether `params` has a value within range for every option, and no other."""
        return set(params) == set(self.distributions) and all(
            _holds(values, params[option]) for option, values in self.distributions.items()
        )

    def size(self) -> float:
        """Return how many configurations there are; infinite where an option takes any real value."""
        return math.prod(_count(values) for values in self.distributions.values())

    def unseen(self, seen: list[Mapping[str, Any]], rng: np.random.Generator) -> dict[str, Any] | None:
        """Draw a configuration that is not among `seen`, all with equal chance; None where all have been seen.

        It lists the whole space: call it for spaces of up to ENUMERABLE configurations only.
        """
        every = [
            dict(zip(self.distributions, values, strict=True))
            for values in itertools.product(*(_values(values) for values in self.distributions.values()))
        ]
        taken = {self._place(params) for params in seen if set(params) == set(self.distributions)}
        left = [params for params in every if self._place(params) not in taken]
        return left[rng.integers(len(left))] if left else None

    def _place(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a key that is equal for equal configurations, however their numbers were rounded."""
        return tuple(_place(values, params[option]) for option, values in self.distributions.items())

    def described(self) -> dict[str, str]:
        """Return option -> where it is searched, in words."""
        return {option: _describe(values) for option, values in self.distributions.items()}


def make_space(learner: TunedLearnerSpec, shared: SpaceSpec | None) -> Space:
    """Make the search space of one learner.

    Args:
        learner: the learner; its fixed options are not searched.
        shared: the file's space, for a learner without a space of its own; None for every documented range that does
            not buy quality with cost.

    Raises:
        UnknownNameError: the learner does not have an option.
        ConfigError: there is nothing to tune, a range cannot be searched, or an option has no range.
    """
    config = METHODS.get(learner.method).Config
    make_learner(learner.method, **learner.options)  # refuses options that are none
    documented = documented_ranges(config)
    chosen = learner.space if learner.space is not None else shared
    if chosen is None:
        chosen = {option: None for option, values in documented.items() if not values.costs}
        chosen = {option: values for option, values in chosen.items() if option not in learner.options}
    if not chosen:
        raise ConfigError(
            f"{learner.method} documents nothing to tune but what costs ({', '.join(documented) or 'no option'}); "
            "name options under space"
        )
    whole = whole_options(config)
    distributions = {}
    for option, values in chosen.items():
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
    """Return which of the distribution's values this is: its number where there are steps, else the value."""
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
    # without min, rounding could put the last one above the range
    return [min(values.low + values.step * i, values.high) for i in range(int(_count(values)))]


def _describe(values: BaseDistribution) -> str:
    if isinstance(values, CategoricalDistribution):
        return " or ".join(map(str, values.choices))
    assert isinstance(values, (IntDistribution, FloatDistribution))  # for the type checker: there is no other
    step = "" if values.step in (None, 1) else f" by {values.step:g}"
    return f"{values.low:g} to {values.high:g}{step}{', logarithmic' if values.log else ''}"
