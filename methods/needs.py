"""What a learner declares that its fit looks at, trains and computes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from ..errors import ConfigError
from ..one_line import shown
from ..tasks.problem import Problem


def _require_count(counts: object, name: str, *, least: int, otherwise: str = "") -> None:
    """Make a count of a declaration Python's int; raise ConfigError where it is no whole number of `least` or more."""
    value = getattr(counts, name)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(
            f"{name} of {type(counts).__name__} is a whole number of {least} or more{otherwise}; found {shown(value)}"
        )
    object.__setattr__(counts, name, int(value))


@dataclass(frozen=True)
class TrainingSteps:
    """The optimizer steps of a fit: `runs` trainings one after the other, each of `steps` steps."""

    runs: int
    """Trainings: one a preference, or a single one."""
    steps: int
    """Optimizer steps of each."""
    examples_per_step: int
    """Examples whose gradients a step takes, all tasks together; one that goes through several models counts for
    each."""

    def __post_init__(self) -> None:
        """Raise ConfigError where a count is no whole number, or there is no training or no example a step."""
        _require_count(self, "runs", least=1)
        _require_count(self, "steps", least=0)
        _require_count(self, "examples_per_step", least=1)

    def examples(self, problem: Problem) -> int:
        """Return how many examples' gradients are taken in all; 0 where objectives need no data."""
        return self.runs * self.steps * self.examples_per_step if any(problem.n_examples("train")) else 0


@dataclass(frozen=True)
class Needs:
    """Counts what one fit looks at, trains and computes, all tasks together; None where nobody knows."""

    labelled_examples: int | None = 0
    """Distinct examples whose labels are looked at, in training or in choosing on the validation split."""
    unlabelled_examples: int | None = 0
    """Distinct examples whose inputs alone are looked at."""
    trainings: int | None = 0
    """Trainings of all of a model's weights, or of a map to them; the experts' own are not counted."""
    gradient_examples: int | None = None
    """Examples that go through a model forward and backward, each as often as it does; the experts' fine-tuning is not
    counted. None where the learner does not say."""
    forward_examples: int | None = None
    """Examples that go through a model forward alone, as in a search on the validation split, each as often as it
    does, at most; what a learner reads of a model to check it is not counted. None where the learner does not say."""
    training: TrainingSteps | None = None
    """The optimizer steps; None where there are none, or the learner does not say."""

    def __post_init__(self) -> None:
        """Raise ConfigError where a count is neither None nor a whole number of 0 or more."""
        for field in dataclasses.fields(self):
            if field.name != "training" and getattr(self, field.name) is not None:
                _require_count(self, field.name, least=0, otherwise=", or None where it is not known")
        given: object = self.training  # a plugin may pass anything
        if given is not None and not isinstance(given, TrainingSteps):
            raise ConfigError(f"training of Needs is a TrainingSteps or None, found {shown(given)}")


NO_DATA = Needs(gradient_examples=0, forward_examples=0)
"""What a fit needs that computes with weights alone."""
UNDECLARED = Needs(labelled_examples=None, unlabelled_examples=None, trainings=None)
"""What is known of a fit whose learner declares nothing."""
