"""`nsga2-merge`: an evolutionary search of the merge coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from ..learner import Context
from ..ranges import Range
from .coefficient_learner import CoefficientLearner, Found, SearchBox
from .evaluator import CoefficientEvaluator
from .evolution import evolve


@dataclass(frozen=True)
class Evolution(SearchBox):
    """Options of the evolution, which evaluates population times generations merged models."""

    population: Annotated[int, Field(ge=2), Range(8, 100, log=True, costs=True)] = 20
    """Merged models per generation."""
    generations: Annotated[PositiveInt, Range(2, 50, log=True, costs=True)] = 10
    """Generations, the first included."""
    crossover_index: Annotated[float, Field(ge=0), Range(1.0, 20.0, log=True)] = 2.0
    """Distribution index of simulated binary crossover: the larger, the closer offspring are to their parents."""
    mutation_index: Annotated[float, Field(ge=0), Range(2.0, 30.0, log=True)] = 5.0
    """Distribution index of polynomial mutation: the larger, the smaller its steps."""


class Nsga2Merge(CoefficientLearner):
    """Evolves merge coefficients by NSGA-II (Deb et al. 2002); every merge that it evaluates is a member.

    A few hundred evaluations are few for an evolution. With the indices usual for many more (15 and 20), offspring stay
    so close to their parents that uniform draws do as well; the defaults here spread them more widely.
    """

    name: ClassVar[str] = "nsga2-merge"
    Config: Any = Evolution

    def evaluations(self, n_tasks: int) -> int:
        """Return population times generations; pymoo evaluates a few less where it finds no more distinct offspring."""
        return int(self.config.population * self.config.generations)

    def search(self, evaluate: CoefficientEvaluator, context: Context) -> Found:
        """Search, and return every merge that was evaluated."""
        config = self.config
        rng = context.rng("coefficients")
        evolve(
            lambda points: np.array([evaluate(point) for point in points]),
            config.first_points(config.population, evaluate.n_tasks, rng),
            lowest=config.min_coefficient,
            highest=config.max_coefficient,
            generations=config.generations,
            crossover_index=config.crossover_index,
            mutation_index=config.mutation_index,
            seed=int(rng.integers(2**31)),
        )
        return Found(evaluate.coefficients, evaluate.objectives)
