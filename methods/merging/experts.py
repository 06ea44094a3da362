"""`experts`: the T single-task models, each standing for the preference that wants its task only."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..pareto_set import FiniteSet, ParetoSet


class Experts(Learner):
    """The T fine-tuned models as they are: the specialists a front is stretched between (STL in the paper)."""

    name: ClassVar[str] = "experts"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Nothing is learned; the set holds the T unit vectors."""
        return FiniteSet(
            problem.n_tasks,
            lambda t: problem.experts[t],
            problem.tasks,
            preferences=np.eye(problem.n_tasks),
            total_parameters=problem.n_tasks * problem.model_parameters,
        )
