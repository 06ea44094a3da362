"""Floor 3: learners, one idea a file. Knows problems and torch; knows nothing of harness, MLflow or tuning."""

from .checkpoints import Checkpoints
from .learner import Context, Learner
from .needs import Needs
from .pareto_set import ContinuousSet, FiniteSet, ParetoSet
from .registry import METHODS, make_learner, methods

__all__ = [
    "METHODS",
    "Checkpoints",
    "Context",
    "ContinuousSet",
    "FiniteSet",
    "Learner",
    "Needs",
    "ParetoSet",
    "make_learner",
    "methods",
]
