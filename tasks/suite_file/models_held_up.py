"""Measure the models of a sound suite file on its tasks, and say what looks like a mistake."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch

from ...errors import ConfigError
from ..progress import Progress, silent
from .error_table import ErrorTable, error_table, permuted_labels, thinned
from .file_problem import make_problem
from .inspection import Inspection


@dataclass(frozen=True)
class HeldUp:
    """What was measured of a suite file, and what to look at again."""

    table: ErrorTable
    warnings: tuple[str, ...]
    """A sentence on everything that is probably not meant so; the suite can be used all the same."""


def hold_up(inspection: Inspection, split: str, most: int | None = None, progress: Progress = silent) -> HeldUp:
    """Return the errors of all models on all tasks, with warnings.

    Args:
        inspection: of a suite file without problems.
        split: the split to measure on.
        most: the most examples of a task, chosen at random; all when None.
        progress: told how many models are done.

    Raises:
        ConfigError: the suite file has problems.
    """
    if inspection.suite is None or inspection.model is None or inspection.problems:
        raise ConfigError("a suite file is measured once nothing is wrong with it; check it first")
    tasks = {}
    for name, one in inspection.tasks.items():
        splits = (
            one.data.splits if most is None else {**one.data.splits, **thinned({split: one.data.splits[split]}, most)}
        )
        tasks[name] = dataclasses.replace(one, data=dataclasses.replace(one.data, splits=splits))
    problem = make_problem(inspection.suite, inspection.model, tasks, torch.device("cpu"))
    table = error_table(problem, split, progress)
    warnings = table.warnings()
    for t, one in enumerate(tasks.values()):
        if sentence := permuted_labels(problem, t, one.data.classes, split):
            warnings.append(sentence)
    for task, one in inspection.tasks.items():
        warnings += [f"{task}: {warning}" for warning in one.data.warnings]
    return HeldUp(table, tuple(warnings))
