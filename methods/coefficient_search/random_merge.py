"""`random-merge`: merge coefficients drawn at random, which every search of them has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import PositiveInt

from ..learner import Context
from ..ranges import Range
from .coefficient_learner import CoefficientLearner, Found, SearchBox
from .evaluator import CoefficientEvaluator


@dataclass(frozen=True)
class RandomDraws(SearchBox):
    """Options of how many merged models are evaluated."""

    evaluations: Annotated[PositiveInt, Range(20, 800, log=True, costs=True)] = 200
    """Merged models evaluated, the T + 1 known ones included; as many as nsga2-merge's."""


class RandomMerge(CoefficientLearner):
    """Draws merge coefficients uniformly from the box: the baseline that learners which search them are held against.

    Space, evaluator and first points are those of nsga2-merge and mobo-merge; nothing that was evaluated decides what
    comes next, so whatever a search has beyond it at as many evaluations is what searching gives (Bergstra and
    Bengio, Journal of Machine Learning Research 13, 2012). Every evaluated merge is a member.
    """

    name: ClassVar[str] = "random-merge"
    Config: Any = RandomDraws

    def evaluations(self, n_tasks: int) -> int:
        """Return how many merged models are evaluated."""
        return int(self.config.evaluations)

    def search(self, evaluate: CoefficientEvaluator, context: Context) -> Found:
        """Evaluate the draws, and return all of them."""
        for point in self.config.first_points(evaluate.total, evaluate.n_tasks, context.rng("coefficients")):
            evaluate(point)
        return Found(evaluate.coefficients, evaluate.objectives)
