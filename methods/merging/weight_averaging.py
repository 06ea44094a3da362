"""`weight-averaging`: the mean of the experts' weights."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import NO_DATA, Needs
from ..pareto_set import FiniteSet, ParetoSet
from ..task_vectors import ModelMerger


class WeightAveraging(Learner):
    """Averages the experts to one point, which is task arithmetic at lambda = 1/T (arXiv 2203.05482)."""

    name: ClassVar[str] = "weight-averaging"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Return the set of that one model; nothing is learned."""
        merge = ModelMerger(problem)
        mean = [1 / problem.n_tasks] * problem.n_tasks
        return FiniteSet(
            problem.n_tasks,
            lambda _: merge(mean),
            ["mean of experts"],
            total_parameters=problem.model_parameters,
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Return that no data is looked at."""
        return NO_DATA
