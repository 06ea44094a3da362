"""The base of scalarizations, which weigh the tasks' gradients by a preference and so say what a step follows."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ...tasks.precision import at_least_single
from ..options import read_options
from .inner_products import inner_products


@dataclass(frozen=True)
class TrainingGoal:
    """What one training is for."""

    preferences: NDArray[np.float64]
    """Every preference that the learner is asked for, (n, T)."""
    steps: int
    """Optimizer steps of this training."""
    own: int | None = None
    """The row of `preferences` that this training follows; None where every step draws a preference."""

    @property
    def n_tasks(self) -> int:
        """T, the length of a preference."""
        return int(self.preferences.shape[1])


class Scalarization(ABC):
    """Turns T losses into one direction: a step descends along sum_t alpha_t grad loss_t with weights alpha.

    A scalarized loss with a formula of its own gives the weights of its gradient. A scalarization declares its
    options as a frozen dataclass `Options`, documented field by field; a learner that is composed with it has them
    among its own, see `composed`. One object serves one training, and may keep a state from step to step.

    Args:
        options: values of the fields of `Options`; the others keep their defaults.

    Raises:
        UnknownNameError: an option that the scalarization does not have.
        ConfigError: an option's value has the wrong type or is out of bounds.
    """

    @dataclass(frozen=True)
    class Options:
        """No options."""

    needs_gramian: ClassVar[bool] = False
    """Whether `weights` looks at the inner products of the tasks' gradients."""
    follows_preference: ClassVar[bool] = True
    """Whether the weights depend on the preference; where they do not, one training answers every preference."""

    def __init__(self, **options: object) -> None:
        self.options: Any = read_options(self.Options, options, kind="scalarization", name=type(self).__name__)

    @classmethod
    def for_training(cls, config: Any, goal: TrainingGoal) -> Scalarization:  # noqa: ARG003 - subclasses look at it
        """Make the scalarization of one training.

        Args:
            config: a learner's configuration, which holds the fields of `Options` among its own.
            goal: what the training is for; a scalarization that looks at it overrides this.
        """
        return cls(**{field.name: getattr(config, field.name) for field in dataclasses.fields(cls.Options)})

    @abstractmethod
    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return (T,) weights, without gradients.

        Args:
            losses: (T,) detached, minimised.
            preference: (T,) point of the simplex.
            gramian: (T, T) inner products of the tasks' gradients, in float64; None unless `needs_gramian`.
        """

    def loss(self, losses: Tensor, preference: NDArray[np.float64]) -> Tensor:
        """Return the weighted sum of losses (T,), whose gradient a step follows.

        Raises:
            ConfigError: the weights depend on gradients, which the learner does not compute; see `combined`.
        """
        if self.needs_gramian:
            raise ConfigError(
                f"{type(self).__name__} looks at the tasks' gradients, which this learner does not compute one by one; "
                "compose the learner with a scalarization of losses"
            )
        precise = at_least_single(losses)
        return self.weights(precise.detach(), preference, None) @ precise

    def combined(self, losses: Tensor, gradients: Tensor, preference: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        """Return the weighted sums of losses (T,) and of their gradients (T, P), by the gradients' Gramian."""
        losses, gradients = at_least_single(losses), at_least_single(gradients)
        weights = self.weights(losses, preference, inner_products(gradients))
        return weights.to(losses.dtype) @ losses, weights.to(gradients.dtype) @ gradients

    @property
    def phase(self) -> int:
        """Number of what is being followed: where it changes, a training forgets the momentum of the steps before."""
        return 0

    def state(self) -> Mapping[str, Any]:
        """Return what it has kept since the first step, for a checkpoint."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned; does nothing where nothing is kept."""
        return

    def diagnostics(self) -> Mapping[str, float]:
        """Return numbers worth recording, such as how often a solver failed."""
        return {}
