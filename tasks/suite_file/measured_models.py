"""Measure all models of a suite on all its tasks, and say what looks like a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..examples import ExampleProblem, Examples
from ..left_out import and_others
from ..problem import Problem
from ..progress import Progress, silent
from .error_table import ErrorTable, error_table, thinned
from .permuted_labels import permuted_labels

SHOWN_CLASSES = 5


@dataclass(frozen=True)
class MeasuredModels:
    """What was measured of a suite, and what to look at again."""

    suite: str
    """The suite's name."""
    table: ErrorTable
    warnings: tuple[str, ...]
    """A sentence on everything that is probably not meant so; the suite can be used all the same."""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What was decided for the user, by task."""


def measure_models(
    problem: Problem,
    split: str,
    *,
    classes: Mapping[str, Sequence[str]] | None = None,
    most: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> MeasuredModels:
    """Return the errors of the pre-trained model and of all experts on all tasks, with warnings.

    Args:
        problem: the suite's, prepared.
        split: the split to measure on.
        classes: the names of a task's classes by label, where they are known; such tasks are searched elsewhere for
            classes without an example.
        most: the most examples of a task, chosen at random; all when None.
        seed: decides what is random of that.
        progress: told how many models are done.

    Raises:
        UnknownNameError: the problem has no such split.
        ConfigError: `most` is given and the problem has no examples.
    """
    known = classes or {}
    table = error_table(problem if most is None else thinned(problem, split, most, seed), split, progress)
    warnings = table.warnings()
    for t, own in enumerate(table.own):
        task = table.tasks[t]
        if sentence := permuted_labels(task, own, known.get(task, ()), seed=seed):
            warnings.append(sentence)
        if isinstance(problem, ExampleProblem) and task not in known:
            warnings += _without_examples(task, problem.data[t], own.n_classes)
    return MeasuredModels(problem.name, table, tuple(warnings))


def _without_examples(task: str, data: Mapping[str, Examples], n_classes: int) -> list[str]:
    """Return a sentence a split of a task in which a class of its head has no example."""
    found = []
    for split, examples in data.items():
        absent = np.setdiff1d(np.arange(n_classes), examples.labels.cpu().numpy())
        more = and_others(len(absent) - SHOWN_CLASSES, "other class", "other classes")
        if len(absent):
            named = ", ".join(map(str, absent[:SHOWN_CLASSES]))
            found.append(f"{task}: no example in {split} for class {named}{more}")
    return found
