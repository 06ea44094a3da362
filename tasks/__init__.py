"""Floor 2: problems, which learners are given, and the suites that build them. It knows no method and no harness."""

from .classification import ClassificationProblem
from .examples import Examples
from .objectives import Objectives
from .problem import Batch, Budget, Params, Problem
from .progress import Progress, silent
from .suite import SUITES, Suite, list_suites, load_problem

__all__ = [
    "SUITES",
    "Batch",
    "Budget",
    "ClassificationProblem",
    "Examples",
    "Objectives",
    "Params",
    "Problem",
    "Progress",
    "Suite",
    "list_suites",
    "load_problem",
    "silent",
]
