"""`mobo-merge`: a multi-objective Bayesian search of the merge coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from ...errors import ConfigError
from ..learner import Context
from ..ranges import Range
from ..written_option import as_written
from .coefficient_learner import CoefficientLearner, Found, SearchBox
from .evaluator import CoefficientEvaluator
from .expected_improvement import most_promising
from .searched_set import share_of_range

RHO = 0.05
"""Weight of the sum in the augmented Tchebycheff function (Knowles 2006, equation 2)."""


@dataclass(frozen=True)
class BayesianSearch(SearchBox):
    """Options of how many merged models are evaluated."""

    evaluations: Annotated[PositiveInt, Range(20, 200, log=True, costs=True)] = 40
    """Merged models evaluated, the 2 T + 2 of the initial design included."""


class MoboMerge(CoefficientLearner):
    """Searches merge coefficients by ParEGO (Knowles, IEEE Transactions on Evolutionary Computation 10(1), 2006).

    Every step draws a preference, scalarizes all that was evaluated by the augmented Tchebycheff function,
    fits a Gaussian process to it and evaluates the point of greatest expected improvement. One process of
    scalars serves any T; Optuna's expected hypervolume improvement took a second a step at T = 3 and warns
    above T = 4. Every evaluated merge is a member.
    """

    name: ClassVar[str] = "mobo-merge"
    Config: Any = BayesianSearch

    def evaluations(self, n_tasks: int) -> int:
        """Return how many merged models are evaluated: more than the initial design has.

        Raises:
            ConfigError: they are fewer.
        """
        wanted: int = self.config.evaluations
        if wanted <= initial_design(n_tasks):
            raise ConfigError(
                f"evaluations must be above {initial_design(n_tasks)}, the initial design for {n_tasks} tasks; "
                f"found {as_written(self.config, 'evaluations')}"
            )
        return wanted

    def search(self, evaluate: CoefficientEvaluator, context: Context) -> Found:
        """Search, and return every merge that was evaluated."""
        config = self.config
        n_tasks = evaluate.n_tasks
        rng = context.rng("coefficients")
        for point in config.first_points(initial_design(n_tasks), n_tasks, rng):
            evaluate(point)
        for _ in range(evaluate.total - initial_design(n_tasks)):
            preference = rng.dirichlet(np.ones(n_tasks))
            point = most_promising(
                evaluate.coefficients,
                augmented_tchebycheff(evaluate.objectives, preference),
                lowest=config.min_coefficient,
                highest=config.max_coefficient,
                seed=int(rng.integers(2**31)),
            )
            evaluate(point)
        return Found(evaluate.coefficients, evaluate.objectives)


def initial_design(n_tasks: int) -> int:
    """Return the number of evaluations before the first Gaussian process: experts, mean and T + 1 draws, 2 T + 2.

    Knowles takes 11 T - 1; a merge's evaluation is dearer and the experts' own coefficients are known to be good.
    """
    return 2 * n_tasks + 2


def augmented_tchebycheff(objectives: NDArray[np.float64], preference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scalarize objectives (n, T) to max_i r_i g_i + RHO sum_i r_i g_i (n,), minimised, with g scaled to [0, 1]."""
    weighted = preference * share_of_range(objectives)
    return np.asarray(weighted.max(axis=1) + RHO * weighted.sum(axis=1))
