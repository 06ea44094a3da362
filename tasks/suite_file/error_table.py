"""The table expert x task of errors, and what in it looks like a mistake (Tables 5 to 7 of arXiv 2406.09770)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..classification import ClassificationProblem
from ..examples import Examples
from ..progress import Progress, silent

PRETRAINED = "pre-trained"
"""The name of the row of the pre-trained model."""
BATCH = 100
"""Examples of one forward pass."""
LEAST_GAIN = 0.02
"""The least accuracy that a permutation of classes must gain to be reported."""
STANDARD_ERRORS = 4.0
"""By how many standard errors the gain must differ from none."""
SHOWN_CLASSES = 3


@dataclass(frozen=True)
class ErrorTable:
    """Errors of the pre-trained model and every expert on every task; all are minimised."""

    tasks: tuple[str, ...]
    split: str
    errors: NDArray[np.float64]
    """(T + 1, T): row 0 is the pre-trained model, row t + 1 the expert of task t; each task with its own head."""
    n_examples: tuple[int, ...]
    """Examples of every task, (T,)."""

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


def error_table(problem: ClassificationProblem, split: str, progress: Progress = silent) -> ErrorTable:
    """Return the errors of the pre-trained model and of every expert on all tasks.

    Args:
        problem: the suite's.
        split: the split to evaluate on.
        progress: told how many models are done.
    """
    models = (problem.pretrained, *problem.experts)
    rows = []
    for done, params in enumerate(models):
        progress("evaluate", done, len(models), unit="models")
        rows.append(problem.evaluate(params, split).error)
    progress("evaluate", len(models), len(models), unit="models")
    return ErrorTable(problem.tasks, split, np.array(rows), problem.n_examples(split))


@torch.no_grad()
def permuted_labels(
    problem: ClassificationProblem, t: int, classes: tuple[str, ...], split: str, *, seed: int = 0
) -> str:
    """Return a sentence where an expert's predictions fit its task far better under other names; empty where not.

    The permutation of classes is chosen on half of the examples and judged on the other half.

    Args:
        problem: the suite's.
        t: the task.
        classes: names by label.
        split: the split to look at.
        seed: decides the halves.
    """
    labels = problem.examples(t, split).labels.cpu().numpy()
    predicted = _predictions(problem, t, split)
    half = np.random.default_rng(seed).permutation(len(labels)) % 2 == 0
    n_classes = max(len(classes), int(predicted.max()) + 1, int(labels.max()) + 1)
    confusion = np.zeros((n_classes, n_classes))
    np.add.at(confusion, (labels[half], predicted[half]), 1)
    # Where a class has no example or nothing speaks for another name, it keeps its own.
    confusion[np.diag_indices(n_classes)] += 1e-6
    _, matching = linear_sum_assignment(confusion, maximize=True)
    labels, predicted = labels[~half], predicted[~half]
    if len(labels) == 0:
        return ""
    gains = (matching[labels] == predicted).astype(float) - (labels == predicted)
    gain, spread = gains.mean(), gains.std() / len(gains) ** 0.5
    moved = np.flatnonzero(matching != np.arange(n_classes))
    if gain < LEAST_GAIN or gain < STANDARD_ERRORS * spread or len(moved) == 0:
        return ""
    shown = ", ".join(f"{_name(classes, k)!r} as {_name(classes, matching[k])!r}" for k in moved[:SHOWN_CLASSES])
    task = problem.tasks[t]
    return (
        f"the labels of {task} look permuted: under other names for {len(moved)} of {len(classes)} classes its "
        f"expert's error falls from {(labels != predicted).mean():.3f} to {(matching[labels] != predicted).mean():.3f} "
        f"({shown}{', ...' if len(moved) > SHOWN_CLASSES else ''}); are `classes` in the order of the head?"
    )


def thinned(data: Mapping[str, Examples], most: int, seed: int = 0) -> dict[str, Examples]:
    """Return the splits with so many examples at most, chosen at random."""
    found = {}
    for name, examples in data.items():
        order = np.random.default_rng(seed).permutation(len(examples))[:most]
        found[name] = examples.take(torch.from_numpy(np.sort(order))) if len(examples) > most else examples
    return found


def _predictions(problem: ClassificationProblem, t: int, split: str) -> NDArray[np.int64]:
    """Return the classes (n,) that the expert of task `t` predicts on its own task."""
    examples = problem.examples(t, split)
    batch: list[Examples | None] = [None] * problem.n_tasks
    found = []
    for start in range(0, len(examples), BATCH):
        batch[t] = problem.as_batch(examples.between(start, min(start + BATCH, len(examples))))
        found.append(problem.log_probabilities(t, problem.experts[t], batch).argmax(dim=1).cpu().numpy())
    return np.concatenate(found)


def _name(classes: tuple[str, ...], label: int) -> str:
    return classes[label] if label < len(classes) else f"output {label}"
