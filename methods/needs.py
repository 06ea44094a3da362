"""What a learner declares that its fit looks at and trains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """Counts what one fit looks at and trains, all tasks together."""

    labelled_examples: int = 0
    """Distinct examples whose labels are looked at, in training or in choosing on the validation split."""
    unlabelled_examples: int = 0
    """Distinct examples whose inputs alone are looked at."""
    trainings: int = 0
    """Trainings of all of a model's weights, or of a map to them; the experts' own are not counted."""
