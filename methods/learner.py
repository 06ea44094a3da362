"""Learners: a method with its configuration, and the context it runs in."""

from __future__ import annotations

import dataclasses
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError
from ..tasks.problem import Budget, Problem
from ..tasks.progress import Progress, silent
from .checkpoints import Checkpoints
from .needs import Needs
from .options import check_options
from .pareto_set import ParetoSet
from .probe import Probe, unprobed


@dataclass(frozen=True)
class Context:
    """Where and under which seed a learner runs, and who listens."""

    seed: int = 0
    device: str = "cpu"
    """Where the problem lives, and where a learner puts what it makes."""
    progress: Progress = silent
    """Called with ("fit", step, total, loss=...); the harness draws it and records it as a training curve."""
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    """Where a fit keeps its state while it runs, so that it can go on after an interruption."""
    probe: Probe = unprobed
    """Shown the set in the making as a fit goes on, as (step, total, set); the harness scores it on a small grid, so
    that hopeless fits can be ended. Looking must not change the fit."""

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
    the name of a field of `tasks.Budget` takes the suite's recommendation. An option says with `Range` or `Choice`
    where it is worth searching.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    """Changes whenever results could: finished cells of another version run again."""

    @dataclass(frozen=True)
    class Config:
        """No options."""

    def __init__(self, config: Any = None) -> None:
        self.config: Any = self.Config() if config is None else config
        check_options(self.config, self.name)

    @abstractmethod
    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ParetoSet:
        """Learn a Pareto set.

        Args:
            problem: what to learn from; all objectives are minimised.
            preferences: (n, T) points of the simplex the set will be asked for. Learners that train once per
                preference train for these; the others may ignore them.
            context: seed, device and progress.
        """

    def restore(
        self, problem: Problem, state: Mapping[str, Tensor], preferences: NDArray[np.float64], context: Context
    ) -> ParetoSet:
        """The set that `fit` returned for the same arguments, from its `state()`.

        Sets without a state are simply fitted again; a learner whose sets have one overrides this.
        """
        if state:
            raise ConfigError(f"{self.name} has nothing to restore, found {sorted(state)[:3]}")
        return self.fit(problem, preferences, context)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """What `fit` would look at and train for these arguments; nothing unless the learner says so."""
        return Needs()

    def resolved(self, problem: Problem) -> Any:
        """The configuration that a fit of this problem uses."""
        return self.resolved_for(problem.budget, problem.n_tasks)

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """The configuration with the suite's budget filled in where an option was left unset.

        Known before any problem is prepared, see `Suite.budget`. A learner with further options that stand for a
        number when unset overrides this; what can only be decided by looking at a problem stays unset.
        """
        unset = {
            field.name: getattr(budget, field.name)
            for field in dataclasses.fields(budget)
            if getattr(self.config, field.name, 0) is None
        }
        return dataclasses.replace(self.config, **unset)
