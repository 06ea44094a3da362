"""Scalarizations: one weight for every task's loss gradient, from a preference."""

from .base import Scalarization, TrainingGoal
from .linear import LinearScalarization
from .smooth_tchebycheff import SmoothTchebycheff

__all__ = ["LinearScalarization", "Scalarization", "SmoothTchebycheff", "TrainingGoal"]
