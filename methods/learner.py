"""The base of learners, and the context that a learner runs in."""

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
from torch import Tensor, nn

from ..errors import ConfigError
from ..tasks.problem import Budget, Problem
from ..tasks.progress import Progress, silent
from ..tasks.seeds import as_seed
from ..tasks.torch_device import as_device
from .checkpoints import Checkpoints
from .needs import UNDECLARED, Needs, TrainingSteps
from .options import canonical_options, read_options
from .pareto_set import ParetoSet
from .probe import Probe, unprobed
from .ranks import ALONE, RankGroup


@dataclass(frozen=True)
class Context:
    """What `fit` is given besides the problem: seed, device, and who is told how the fit goes."""

    seed: int = 0
    """The seed of every random stream, see `generator` and `rng`."""
    device: str = "cpu"
    """The device that holds the problem's weights and data, and on which a learner makes its own tensors."""
    progress: Progress = silent
    """Called as `progress("fit", step, total, loss=...)`; the harness draws and records it as a training curve."""
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    """Keeps the state of a running fit, so that an interrupted fit can go on."""
    probe: Probe = unprobed
    """Called as `probe(step, total, make_set)` during `fit`; the harness scores the partial set to stop hopeless fits.
    It must not change the fit."""
    ranks: RankGroup = ALONE
    """The processes that make the fit together, of which this is one; see `Learner.divides_work`."""

    def __post_init__(self) -> None:
        """Raise ConfigError where the seed is no whole number or torch knows no such device."""
        object.__setattr__(self, "seed", as_seed(self.seed))
        object.__setattr__(self, "device", str(as_device(self.device)))

    def generator(self, purpose: str) -> torch.Generator:
        """Return a new torch generator (CPU) for one purpose; streams of different purposes are independent."""
        return torch.Generator().manual_seed(self._seed_of(purpose))

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a new NumPy generator for one purpose; streams of different purposes are independent."""
        return np.random.default_rng(self._seed_of(purpose))

    def _seed_of(self, purpose: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{purpose}".encode()).digest()[:7], "big")


class Learner(ABC):
    """Learns a Pareto set from a problem, by one method with one configuration; subclass it to add a method.

    A subclass names itself, declares its options as a frozen dataclass `Config` (each field followed by a
    docstring, which is its help text) and implements `fit`. An option that is None after construction and has
    the name of a field of `tasks.Budget` takes the suite's recommendation. Beside an option's type, `Annotated`
    holds its bounds, as pydantic writes them, and with `Range` or `Choice` where it is worth searching.

    Args:
        config: an instance of `Config`, or None for the defaults.

    Raises:
        ConfigError: an option's value has the wrong type or is out of bounds.
    """

    name: ClassVar[str]
    """The method's name, by which users ask for it."""
    version: ClassVar[str] = "1"
    """The method's version, raised whenever results could change: finished cells of another version run again."""
    divides_work: ClassVar[bool] = False
    """Whether `fit` divides its steps among `Context.ranks`, so that a cell can have several devices. It then returns
    the same set on all ranks, that of one process but for rounding."""

    @dataclass(frozen=True)
    class Config:
        """No options."""

    def __init__(self, config: Any = None) -> None:
        given = read_options(self.Config, {}, kind="method", name=self.name) if config is None else config
        self.config: Any = canonical_options(given, self.name)

    @abstractmethod
    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ParetoSet:
        """Learn a Pareto set.

        Args:
            problem: what to learn from; all objectives are minimised.
            preferences: (n, T) points of the simplex that the set will be asked for. Learners that train one model
                a preference train for these; the others may ignore them.
            context: seed, device, progress, checkpoints and probe.
        """

    def check_model(self, model: nn.Module, n_tasks: int) -> None:  # noqa: B027 - an override is optional
        """Refuse an architecture that this learner, as configured, cannot be fitted on; accept all unless overridden.

        It is asked as soon as the architecture is known: before experts are prepared where the suite can tell (see
        `Suite.architecture`). Then the weights have no values (device meta), so that only names, shapes and classes of
        modules may be looked at.

        Args:
            model: the architecture.
            n_tasks: T.

        Raises:
            UnsupportedError: no setting of this learner would help.
            ConfigError: an option does not fit; the message says what would.
        """

    def check(self, problem: Problem) -> None:
        """Refuse a prepared problem that this learner, as configured, cannot be fitted on.

        It is asked right before `fit`, and costs no pass through the model. What an override looks at beyond the
        architecture it looks at after `super().check(problem)`, which asks `check_model`.

        Raises:
            UnsupportedError, ConfigError: as `check_model`.
        """
        self.check_model(problem.model, problem.n_tasks)

    def restore(
        self, problem: Problem, state: Mapping[str, Tensor], preferences: NDArray[np.float64], context: Context
    ) -> ParetoSet:
        """Make the set that `fit` returned for the same arguments again, from its `state()`.

        Sets without a state are fitted again; a learner whose sets have one overrides this.

        Raises:
            ConfigError: the state is not one of this learner's with this configuration and problem.
        """
        if state:
            raise ConfigError(f"{self.name} has nothing to restore, found {sorted(state)[:3]}")
        return self.fit(problem, preferences, context)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Say what `fit` looks at, trains and computes; that is unknown, and shown as such, unless overridden."""
        return UNDECLARED

    def experts_used(self, n_tasks: int) -> int:
        """Return how many of the T experts fitting or answering reads: all or none, unless a subclass knows better."""
        return n_tasks if self.uses_experts else 0

    @property
    def uses_experts(self) -> bool:
        """Whether fitting or answering reads the experts, whose fine-tuning is then charged; a subclass may say no."""
        return True

    def training_steps(self, budget: Budget, preferences: NDArray[np.float64]) -> TrainingSteps | None:
        """Return the optimizer steps of a fit; None for a learner that takes none, as for all that do not override it.

        They are known before a problem is prepared.

        Args:
            budget: what the suite recommends.
            preferences: (n, T) that the set will be asked for.
        """
        return None

    def resolved(self, problem: Problem) -> Any:
        """Return the configuration that a fit of this problem uses, see `resolved_for`."""
        return self.resolved_for(problem.budget, problem.n_tasks)

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """Return the configuration with the suite's budget filled in where an option was left unset.

        It is known before a problem is prepared, see `Suite.budget`. A learner whose other options stand for a
        number when unset overrides this; what can only be decided by looking at a problem stays unset.

        Args:
            budget: what the suite recommends.
            n_tasks: T.
        """
        unset = {
            field.name: getattr(budget, field.name)
            for field in dataclasses.fields(budget)
            if getattr(self.config, field.name, 0) is None
        }
        return dataclasses.replace(self.config, **unset)
