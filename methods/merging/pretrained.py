"""`pretrained`: the model every expert started from, for every preference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..pareto_set import FiniteSet, ParetoSet


class Pretrained(Learner):
    """The pre-trained model as it is: one point, the floor every learner starts from."""

    name: ClassVar[str] = "pretrained"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Nothing is learned."""
        return FiniteSet(
            problem.n_tasks,
            lambda _: problem.pretrained,
            ["pre-trained"],
            total_parameters=problem.model_parameters,
        )
