"""`experts`: the T experts as they are, each for the preference that wants its task only."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import NO_DATA, Needs
from ..pareto_set import FiniteSet, ParetoSet


class Experts(Learner):
    """Returns the T fine-tuned experts, between which a front is stretched (STL in the paper, arXiv 2406.09770)."""

    name: ClassVar[str] = "experts"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Return the set of the experts, which holds the T unit vectors; nothing is learned."""
        return FiniteSet(
            problem.n_tasks,
            lambda t: problem.experts[t],
            problem.tasks,
            preferences=np.eye(problem.n_tasks),
            total_parameters=problem.n_tasks * problem.model_parameters,
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Return that no data is looked at."""
        return NO_DATA
