"""What a learner declares that its fit looks at, trains and computes."""

from __future__ import annotations

from dataclasses import dataclass

from ..tasks.problem import Problem


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

    def examples(self, problem: Problem) -> int:
        """Return how many examples' gradients are taken in all; 0 where objectives need no data."""
        return self.runs * self.steps * self.examples_per_step if any(problem.n_examples("train")) else 0


@dataclass(frozen=True)
class Needs:
    """Counts what one fit looks at, trains and computes, all tasks together."""

    labelled_examples: int = 0
    """Distinct examples whose labels are looked at, in training or in choosing on the validation split."""
    unlabelled_examples: int = 0
    """Distinct examples whose inputs alone are looked at."""
    trainings: int = 0
    """Trainings of all of a model's weights, or of a map to them; the experts' own are not counted."""
    gradient_examples: int | None = None
    """Examples that go through a model forward and backward, each as often as it does; the experts' fine-tuning is not
    counted. None where the learner does not say."""
    forward_examples: int | None = None
    """Examples that go through a model forward alone, as in a search on the validation split, each as often as it
    does, at most; what a learner reads of a model to check it is not counted. None where the learner does not say."""
    training: TrainingSteps | None = None
    """The optimizer steps; None where there are none, or the learner does not say."""
