"""`pretrained`: the pre-trained model for every preference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import NO_DATA, Needs
from ..pareto_set import FiniteSet, ParetoSet


class Pretrained(Learner):
    """Returns the pre-trained model, from which every learner starts: one point, which every method should beat."""

    name: ClassVar[str] = "pretrained"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Return the set of that one model; nothing is learned."""
        return FiniteSet(
            problem.n_tasks,
            lambda _: problem.pretrained,
            ["pre-trained"],
            total_parameters=problem.model_parameters,
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Return that no data is looked at."""
        return NO_DATA

    @property
    def uses_experts(self) -> bool:
        """False."""
        return False
