"""`interpolation`: the experts' weights averaged with the preference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import NO_DATA, Needs
from ..pareto_set import ROOT_PART, ContinuousSet, ParetoSet
from ..task_vectors import ModelMerger


class Interpolation(Learner):
    """Averages the experts with the preference's weights, sum_i r_i theta_i (rewarded soups, arXiv 2306.04488)."""

    name: ClassVar[str] = "interpolation"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Return the set, which answers any preference; nothing is learned."""
        merge = ModelMerger(problem)
        return ContinuousSet(
            problem.n_tasks,
            lambda preference: merge(preference.tolist()),
            total_parameters=problem.n_tasks * problem.model_parameters,
            coefficients=lambda preference: {ROOT_PART: preference},
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Return that no data is looked at."""
        return NO_DATA
