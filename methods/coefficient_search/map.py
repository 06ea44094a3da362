"""`map`: the front of quadratic surrogates over the merge coefficients."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field, PositiveInt

from ...errors import ConfigError
from ...tasks.problem import Budget
from ..learner import Context
from ..ranges import Range
from ..written_option import as_written
from .coefficient_learner import CoefficientLearner, Found, SearchBox
from .evaluator import CoefficientEvaluator
from .evolution import evolve_and_keep
from .quadratic_surrogate import QuadraticSurrogate, n_quadratic_terms


@dataclass(frozen=True)
class Amortization(SearchBox):
    """Options of how the surrogates are fitted and how their front is searched."""

    evaluations: Annotated[PositiveInt | None, Range(45, 450, log=True, costs=True)] = None
    """Merged models evaluated; if unset, three for every number of a surrogate (30 at T = 3, 135 at T = 8)."""
    sigmoid: bool | None = None
    """Whether each quadratic lies inside a sigmoid, the paper's warping of metrics in [0, 1]; if unset, it does where
    all measured objectives lie in [0, 1]."""
    population: Annotated[int, Field(ge=2), Range(20, 400, log=True, costs=True)] = 100
    """Points of a generation of NSGA-III; the set's members are up to population times generations."""
    generations: Annotated[PositiveInt, Range(20, 400, log=True, costs=True)] = 150
    """Generations of NSGA-III on the surrogates, which evaluates no model."""

    def evaluations_for(self, n_tasks: int) -> int:
        """Return `evaluations`, or three for every number of a quadratic of T coefficients where unset."""
        return 3 * n_quadratic_terms(n_tasks) if self.evaluations is None else self.evaluations


class Map(CoefficientLearner):
    """Searches merge coefficients on quadratic surrogates of the objectives (MAP, arXiv 2406.07529).

    Random coefficients are evaluated, a quadratic per objective is fitted to what they achieve, and NSGA-III with
    the authors' reference points searches the quadratics, where an evaluation costs nothing. The members are all
    points, some thousands, that the search found and no other of them dominates, with the objectives that the
    surrogates predict; none has been evaluated. A preference is answered by one of them. Departures from the authors'
    code: it starts the search from random points only, also outside of what was sampled (coefficients in [-3, 3]),
    and either crosses or mutates to get an offspring (here pymoo's operators do both); evaluates two models for every
    number of a surrogate, not three, on a grid; starts the fit from ones, which may end in flat sigmoids; and answers
    a preference by the greatest weighted sum.
    """

    name: ClassVar[str] = "map"
    version: ClassVar[str] = "2"
    Config: Any = Amortization

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """Return the configuration with the number of evaluations filled in, too."""
        config = super().resolved_for(budget, n_tasks)
        return dataclasses.replace(config, evaluations=config.evaluations_for(n_tasks))

    def evaluations(self, n_tasks: int) -> int:
        """Return how many merged models are evaluated: as many as a surrogate has numbers, or more.

        Raises:
            ConfigError: they are fewer.
        """
        terms = n_quadratic_terms(n_tasks)
        wanted: int = self.config.evaluations_for(n_tasks)
        if wanted < terms:
            raise ConfigError(
                f"evaluations must be {terms} or more, the numbers of a quadratic of {n_tasks} coefficients; "
                f"found {as_written(self.config, 'evaluations')}"
            )
        return wanted

    def search(self, evaluate: CoefficientEvaluator, context: Context) -> Found:
        """Return the surrogates' front, with R^2 per task on the evaluated coefficients."""
        config = self.config
        n_tasks = evaluate.n_tasks
        rng = context.rng("coefficients")
        for point in config.first_points(evaluate.total, n_tasks, rng):
            evaluate(point)
        points, objectives = evaluate.coefficients, evaluate.objectives
        rates = bool((objectives >= 0).all() and (objectives <= 1).all())
        sigmoid = rates if config.sigmoid is None else config.sigmoid
        surrogate = QuadraticSurrogate.fit(points, objectives, sigmoid=sigmoid)
        front, predicted = evolve_and_keep(
            surrogate.predict,
            config.first_points(config.population, n_tasks, rng),
            lowest=config.min_coefficient,
            highest=config.max_coefficient,
            generations=config.generations,
            seed=int(rng.integers(2**31)),
        )
        determination = surrogate.determination(points, objectives)
        return Found(
            front,
            predicted,
            {f"surrogate_r2_{t}": float(value) for t, value in enumerate(determination)},
        )
