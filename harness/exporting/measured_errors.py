"""The errors of one exported model: those that its run has recorded, else measured now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics.preferences import find_preference
from ...tasks import Params
from ...tasks.objectives import checked_objectives
from ..records.evaluation import Evaluation
from .restored_run import RestoredRun

SAME = 1e-9
"""Difference up to which two weights of a preference are one."""


@dataclass(frozen=True)
class MeasuredErrors:
    """What one model achieves on T tasks; minimised."""

    split: str
    n_examples: tuple[int, ...]
    """Examples of the split, (T,); 0 where objectives need no data."""
    error: tuple[float, ...]
    """Share of wrong answers, (T,); the objective where there are no examples."""
    loss: tuple[float, ...]
    """Mean loss, (T,)."""
    recorded: bool
    """Whether the run recorded them; else they were measured for the export."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def measured_errors(
    run: RestoredRun, preference: NDArray[np.float64], params: Params, *, measure: bool
) -> MeasuredErrors | None:
    """Return the errors of the model for a preference on the run's split.

    Args:
        run: the run.
        preference: (T,).
        params: the model.
        measure: whether errors that were not recorded are measured; None is returned for them otherwise.
    """
    split = run.record.split
    n_examples = tuple(run.problem.n_examples(split))
    row = _row_of(run.record.evaluation, preference)
    if row is not None:
        found = run.record.evaluation
        return MeasuredErrors(
            split, n_examples, tuple(found.error[row].tolist()), tuple(found.loss[row].tolist()), recorded=True
        )
    if not measure:
        return None
    run.problem.model.eval()
    tasks = run.problem.tasks
    objectives = checked_objectives(run.problem.evaluate(params, split), tasks).require_finite(tasks)
    return MeasuredErrors(
        split, n_examples, tuple(objectives.error.tolist()), tuple(objectives.loss.tolist()), recorded=False
    )


def _row_of(evaluation: Evaluation, preference: NDArray[np.float64]) -> int | None:
    """Return the member that was evaluated at a preference; the only one of a set of one."""
    if evaluation.preferences is None:
        return 0 if len(evaluation.error) == 1 else None
    return find_preference(evaluation.preferences, preference, within=SAME)
