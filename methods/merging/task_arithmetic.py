"""`task-arithmetic`: the pre-trained model plus lambda times the sum of task vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..pareto_set import FiniteSet, ParetoSet
from ..ranges import Range
from ..task_vectors import ModelMerger


class TaskArithmetic(Learner):
    """theta_0 + lambda * sum_i tau_i, a curve over lambda (arXiv 2212.04089)."""

    name: ClassVar[str] = "task-arithmetic"

    @dataclass(frozen=True)
    class Config:
        """The curve is sampled at evenly spaced lambdas, both ends included."""

        points: PositiveInt = 11
        """How many models lie on the curve."""
        max_lambda: Annotated[PositiveFloat, Range(0.2, 2.0)] = 1.0
        """The curve runs from 0 (pre-trained) to here."""

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Nothing is learned; the set holds the models along the curve."""
        merge = ModelMerger(problem)
        lambdas = np.linspace(0.0, self.config.max_lambda, self.config.points).tolist()
        return FiniteSet(
            problem.n_tasks,
            lambda i: merge([lambdas[i]] * problem.n_tasks),
            [f"lambda = {value:.3g}" for value in lambdas],
            total_parameters=2 * problem.model_parameters,  # the start and the summed direction
        )
