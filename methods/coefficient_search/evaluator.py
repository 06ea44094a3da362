"""Merge coefficients in, objectives on the validation split out; every merge is evaluated once."""

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
    """Evaluates merged models, keeps the record in order, and remembers across interruptions.

    A search that is deterministic given the objectives resumes by running again from its start: what an
    interrupted fit has evaluated is looked up, and the record ends as if nothing had happened.

    Args:
        problem: evaluated on its validation split only.
        merge: from (T,) coefficients to one plain model.
        context: is told the progress, keeps the checkpoints.
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
        """(T,) objectives, minimised, of the merge with (T,) coefficients: errors on the validation split.

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
        self._context.progress("fit", len(self._record), self.total)
        return self._record[key]

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """(n, T) what was evaluated, in order."""
        return np.array(list(self._record))

    @property
    def objectives(self) -> NDArray[np.float64]:
        """(n, T) what was found, in the same order."""
        return np.array(list(self._record.values()))

    def save(self) -> None:
        """Keep the record for a fit that goes on after an interruption."""
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
