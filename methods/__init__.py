"""Floor 3: learners, one idea a file. Knows problems and torch; knows nothing of harness, MLflow or Optuna."""

from .learner import Context, Learner
from .pareto_set import ContinuousSet, FiniteSet, ParetoSet
from .registry import METHODS, make_learner, methods

__all__ = [
    "METHODS",
    "Context",
    "ContinuousSet",
    "FiniteSet",
    "Learner",
    "ParetoSet",
    "make_learner",
    "methods",
]
