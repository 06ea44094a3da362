"""Floor 3: learners, one idea a file. It knows problems and torch, and nothing of the harness, MLflow or tuning."""

from .checkpoints import Checkpoints
from .learner import Context, Learner
from .needs import Needs, TrainingSteps
from .option_docs import option_docs
from .options import recorded_options
from .pareto_set import ROOT_PART, ContinuousSet, FiniteSet, ParetoSet
from .probe import Probe
from .ranges import Choice, Range, documented_ranges, whole_options
from .registry import METHODS, list_methods, make_learner

__all__ = [
    "METHODS",
    "ROOT_PART",
    "Checkpoints",
    "Choice",
    "Context",
    "ContinuousSet",
    "FiniteSet",
    "Learner",
    "Needs",
    "ParetoSet",
    "Probe",
    "Range",
    "TrainingSteps",
    "documented_ranges",
    "list_methods",
    "make_learner",
    "option_docs",
    "recorded_options",
    "whole_options",
]
