"""`task-arithmetic`: the pre-trained model plus lambda times the sum of task vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import NO_DATA, Needs
from ..pareto_set import FiniteSet, ParetoSet
from ..ranges import Range
from ..task_vectors import ModelMerger


class TaskArithmetic(Learner):
    """Adds lambda times the sum of task vectors to the pre-trained model: a curve over lambda (arXiv 2212.04089)."""

    name: ClassVar[str] = "task-arithmetic"

    @dataclass(frozen=True)
    class Config:
        """Options of the curve, which is sampled at evenly spaced lambdas, both ends included."""

        points: PositiveInt = 11
        """Models on the curve."""
        max_lambda: Annotated[PositiveFloat, Range(0.2, 2.0)] = 1.0
        """End of the curve, which starts at 0 (pre-trained)."""

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Return the set of the models along the curve; nothing is learned."""
        merge = ModelMerger(problem)
        lambdas = np.linspace(0.0, self.config.max_lambda, self.config.points).tolist()
        return FiniteSet(
            problem.n_tasks,
            lambda i: merge([lambdas[i]] * problem.n_tasks),
            [f"lambda = {value:.3g}" for value in lambdas],
            total_parameters=2 * problem.model_parameters,  # the start and the summed direction
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Return that no data is looked at."""
        return NO_DATA
