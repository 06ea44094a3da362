"""Learners: a method with its configuration, and what the harness hands to it."""

from __future__ import annotations

import dataclasses
import hashlib
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError, UnknownNameError
from ..tasks.problem import Problem
from ..tasks.progress import Progress, silent
from .pareto_set import ParetoSet


@dataclass(frozen=True)
class Context:
    """Where and under which seed a learner runs, and who listens."""

    seed: int = 0
    device: str = "cpu"
    progress: Progress = silent
    """Called with ("fit", step, total, loss=...); the harness draws it and records it as a training curve."""

    def generator(self, purpose: str) -> torch.Generator:
        """A fresh torch generator (CPU) for one purpose; streams of different purposes are independent."""
        return torch.Generator().manual_seed(self._seed_of(purpose))

    def rng(self, purpose: str) -> np.random.Generator:
        """A fresh NumPy generator for one purpose."""
        return np.random.default_rng(self._seed_of(purpose))

    def _seed_of(self, purpose: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{purpose}".encode()).digest()[:7], "big")


class Learner(ABC):
    """A method with its configuration; subclass it to add your own.

    A subclass names itself, declares its options as a frozen dataclass `Config` (each field followed by a
    docstring, which is its help text) and implements `fit`. An option that is None after construction and has
    the name of a field of `tasks.Budget` takes the suite's recommendation.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    """Changes whenever results could: finished cells of another version run again."""

    @dataclass(frozen=True)
    class Config:
        """No options."""

    def __init__(self, config: Any = None) -> None:
        self.config: Any = self.Config() if config is None else config

    @abstractmethod
    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ParetoSet:
        """Learn a Pareto set.

        Args:
            problem: what to learn from; all objectives are minimised.
            preferences: (n, T) points of the simplex the set will be asked for. Learners that train once per
                preference train for these; the others may ignore them.
            context: seed, device and progress.
        """

    def restore(self, problem: Problem, state: Mapping[str, Tensor]) -> ParetoSet:
        """The set `fit` returned, from its `state()`; sets without a state are simply fitted again."""
        if state:
            raise ConfigError(f"{self.name} has nothing to restore, found {sorted(state)[:3]}")
        return self.fit(problem, np.eye(problem.n_tasks), Context())

    def resolved(self, problem: Problem) -> Any:
        """The configuration with the suite's budget filled in where an option was left unset."""
        unset = {
            field.name: getattr(problem.budget, field.name)
            for field in dataclasses.fields(problem.budget)
            if getattr(self.config, field.name, 0) is None
        }
        return dataclasses.replace(self.config, **unset)


def configure(learner: type[Learner], options: Mapping[str, object]) -> Learner:
    """A learner from option values, checked by name and type.

    Values may come as text (`--set steps=400`, YAML) and are read as the option's type.

    Raises:
        UnknownNameError: an option the learner does not have; the message offers the nearest.
        ConfigError: a value of the wrong type.
    """
    hints = typing.get_type_hints(learner.Config)
    known = [field.name for field in dataclasses.fields(learner.Config)]
    values = {}
    for option, value in options.items():
        if option not in known:
            raise UnknownNameError(f"option of method {learner.name!r}:", option, known)
        values[option] = _read(f"{learner.name}: {option}", hints[option], value)
    return learner(learner.Config(**values))


def _read(where: str, hint: Any, value: object) -> object:
    """`value` as the type `hint` (int, float, bool, str, Literal or a union of these with None)."""
    choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for choice in choices:
        if choice is types.NoneType:
            if value is None or value == "none":
                return None
        elif typing.get_origin(choice) is typing.Literal:
            if value in typing.get_args(choice):
                return value
        elif choice is bool:
            if isinstance(value, bool) or value in ("true", "false"):
                return value in (True, "true")
        elif not isinstance(value, bool) and isinstance(value, (int, float, str)):
            try:
                number = choice(value)
            except ValueError:
                continue
            # 400.0 is an int, 0.5 is not; NaN and infinity are no setting of anything
            if choice is str or (number == float(value) and abs(number) != float("inf")):
                return number
    named = hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
    raise ConfigError(f"{where} must be {named}, found {value!r}")
