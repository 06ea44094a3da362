"""Methods that look at what a model predicts need a problem that predicts classes."""

from __future__ import annotations

from ...errors import UnsupportedError
from ...tasks.problem import Problem


def require_class_predictions(problem: Problem, learner: str) -> None:
    """Refuse a problem that predicts no classes.

    Raises:
        UnsupportedError: it has no `log_probabilities`; the message names the learner that needs them.
    """
    if type(problem).log_probabilities is Problem.log_probabilities:
        raise UnsupportedError(f"{problem.name} predicts no classes, which {learner} needs")
