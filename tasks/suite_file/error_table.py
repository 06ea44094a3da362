"""The table expert x task of errors, and what in it looks like a mistake (Tables 5 to 7 of arXiv 2406.09770)."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import ConfigError
from ..classification import ClassificationProblem
from ..examples import ExampleProblem, Examples
from ..problem import Params, Problem
from ..progress import Progress, silent

PRETRAINED = "pre-trained"
"""The name of the row of the pre-trained model."""


@dataclass(frozen=True)
class Predictions:
    """What an expert makes of the examples of its own task."""

    labels: NDArray[np.int64]
    """(n,)."""
    predicted: NDArray[np.int64]
    """The classes of greatest probability, (n,)."""
    n_classes: int
    """How many the head tells apart."""


@dataclass(frozen=True)
class ErrorTable:
    """Errors of the pre-trained model and every expert on every task; all are minimised."""

    tasks: tuple[str, ...]
    split: str
    errors: NDArray[np.float64]
    """(T + 1, T): row 0 is the pre-trained model, row t + 1 the expert of task t; each task with its own head."""
    n_examples: tuple[int, ...] = ()
    """Examples of every task, (T,); empty where the problem has none."""
    own: tuple[Predictions, ...] = ()
    """Of every expert on its own task, (T,); empty where the problem is no classification."""

    @property
    def rows(self) -> tuple[str, ...]:
        """The names of the rows."""
        return (PRETRAINED, *self.tasks)

    def warnings(self) -> list[str]:
        """Return a sentence on every expert that another model beats on its own task, or is as good as."""
        found = []
        for t, task in enumerate(self.tasks):
            own, before = self.errors[t + 1, t], self.errors[0, t]
            if own >= before:
                found.append(
                    f"the expert of {task} is no better on its own task than the pre-trained model (error {own:.3f} "
                    f"and {before:.3f})"
                )
            best = int(np.argmin(self.errors[1:, t]))
            if self.errors[best + 1, t] < own:
                found.append(
                    f"the expert of {self.tasks[best]} is better on {task} (error {self.errors[best + 1, t]:.3f}) than "
                    f"its own expert ({own:.3f}); are two files swapped?"
                )
        return found


def error_table(problem: Problem, split: str, progress: Progress = silent) -> ErrorTable:
    """Return the errors of the pre-trained model and of every expert on all tasks.

    Args:
        problem: any; its objectives are the errors where it has no classes.
        split: the split to evaluate on.
        progress: told how many models are done.
    """
    models = (problem.pretrained, *problem.experts)
    rows, own = [], []
    for done, params in enumerate(models):
        progress("evaluate", done, len(models), unit="models")
        if isinstance(problem, ClassificationProblem) and _counts_wrong_classes(problem):
            made = [_predictions(problem, t, params, split) for t in range(problem.n_tasks)]
            rows.append(np.array([float((one.predicted != one.labels).mean()) for one in made]))
            own += made[done - 1 : done] if done else []
        else:
            rows.append(problem.evaluate(params, split).error)
    progress("evaluate", len(models), len(models), unit="models")
    counts = problem.n_examples(split) if isinstance(problem, ExampleProblem) else ()
    return ErrorTable(problem.tasks, split, np.array(rows), counts, tuple(own))


def thinned(problem: Problem, split: str, most: int, seed: int = 0) -> Problem:
    """Return the same problem with so many examples a task in a split at most, chosen at random.

    Raises:
        ConfigError: the problem has no examples.
    """
    if not isinstance(problem, ExampleProblem):
        raise ConfigError(f"{problem.name} has no examples of which some could be taken; leave their number out")
    few = copy.copy(problem)
    few.data = tuple(
        {**splits, split: _some(problem.examples(t, split), most, seed)} for t, splits in enumerate(problem.data)
    )
    return few


def _counts_wrong_classes(problem: ClassificationProblem) -> bool:
    """Return whether its errors are those of its logits; a subclass may have errors of its own."""
    return type(problem).evaluate is ClassificationProblem.evaluate


def _some(examples: Examples, most: int, seed: int) -> Examples:
    if len(examples) <= most:
        return examples
    order = np.random.default_rng(seed).permutation(len(examples))[:most]
    return examples.take(torch.from_numpy(np.sort(order)))


def _predictions(problem: ClassificationProblem, t: int, params: Params, split: str) -> Predictions:
    """Return the classes that a model predicts on a task, in passes that memory has room for."""
    passes = [
        (labels.cpu().numpy(), logits.argmax(dim=1).cpu().numpy(), logits.shape[1])
        for logits, labels in problem.logits(t, params, split)
    ]
    labels, predicted, widths = zip(*passes, strict=True)
    return Predictions(np.concatenate(labels), np.concatenate(predicted), widths[0])
