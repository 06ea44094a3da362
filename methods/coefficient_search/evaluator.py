"""Evaluating merge coefficients on the validation split, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import DivergenceError
from ...tasks.problem import Params, Problem
from ..learner import Context

CHECKPOINT = "evaluations"


class CoefficientEvaluator:
    """Evaluates merged models, records them in order, and remembers them across interruptions.

    A search that is deterministic given the objectives resumes by running again from its start: what an
    interrupted fit has evaluated is looked up, and the record ends as if there had been no interruption.

    Args:
        problem: its validation split is evaluated, no other.
        merge: function from coefficients (T,) to one plain model.
        context: told the progress; keeps the checkpoints.
        total: how many evaluations the search will ask for.
    """

    def __init__(
        self, problem: Problem, merge: Callable[[Sequence[float]], Params], context: Context, total: int
    ) -> None:
        self.n_tasks = problem.n_tasks
        self.total = total
        self._problem = problem
        self._merge = merge
        self._context = context
        self._record: dict[tuple[float, ...], NDArray[np.float64]] = {}
        self._remembered: dict[tuple[float, ...], NDArray[np.float64]] = {}
        saved = context.checkpoints.load(CHECKPOINT)
        if saved is not None:
            rows = saved["coefficients"].tolist()
            self._remembered = {tuple(row): v.numpy() for row, v in zip(rows, saved["objectives"], strict=True)}

    def __call__(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the errors (T,) on the validation split, minimised, of the merge with coefficients (T,).

        Raises:
            DivergenceError: an error or a loss is NaN or infinite.
        """
        key = tuple(float(c) for c in coefficients)
        if key in self._record:
            return self._record[key]
        known = self._remembered.get(key)
        self._record[key] = self._evaluated(key) if known is None else known
        if known is None and self._context.checkpoints.due:
            self.save()
        self._context.progress("fit", len(self._record), self.total, unit="merged models")
        return self._record[key]

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """The coefficients that were evaluated, in order, (n, T)."""
        return np.array(list(self._record))

    @property
    def objectives(self) -> NDArray[np.float64]:
        """The objectives of `coefficients`, in the same order, (n, T)."""
        return np.array(list(self._record.values()))

    def save(self) -> None:
        """Save the record, so that a fit can go on after an interruption."""
        self._context.checkpoints.save(
            CHECKPOINT,
            {"coefficients": torch.from_numpy(self.coefficients), "objectives": torch.from_numpy(self.objectives)},
        )

    def _evaluated(self, key: tuple[float, ...]) -> NDArray[np.float64]:
        found = self._problem.evaluate(self._merge(key), "val")
        if not found.finite:
            raise DivergenceError(
                f"the merge with coefficients {list(key)} has errors {found.error.tolist()} and losses "
                f"{found.loss.tolist()}, expected finite numbers; narrow the box of min_coefficient and max_coefficient"
            )
        return np.array(found.error, dtype=np.float64)
