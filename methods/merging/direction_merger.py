"""The base of learners that merge task vectors to one direction, along which models are a curve over lambda."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import ConfigError
from ...tasks.device_copies import sent
from ...tasks.problem import Params, Problem
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ContinuousSet, FiniteSet, ParetoSet
from ..ranges import Range
from .task_vectors_by_weight import TaskVectorsByWeight
from .validation_choice import choose_on_validation


@dataclass(frozen=True)
class CurveOptions:
    """Options of the curve, which is sampled at evenly spaced lambdas, both ends included, and of its other form."""

    points: PositiveInt = 11
    """Models on the curve, or lambdas that are tried on the validation split."""
    max_lambda: Annotated[PositiveFloat, Range(0.2, 2.0)] = 1.0
    """End of the lambdas, which start at 0 (pre-trained)."""
    conditioned: bool = False
    """Whether the set follows the preference at one lambda, instead of being a curve over lambda."""
    coefficient: float | None = None
    """The one lambda of the conditioned form; if unset, it is chosen on the validation split at equal weights."""

    def __post_init__(self) -> None:
        """Raise ConfigError where the one lambda is given for a curve."""
        if self.coefficient is not None and not self.conditioned:
            raise ConfigError(
                "coefficient is the one lambda of conditioned = true, expected it unset for a curve, "
                f"found {self.coefficient}; the curve's end is max_lambda"
            )


class MergeRule(ABC):
    """Merges the task vectors of one weight at a time to one direction."""

    @abstractmethod
    def directions(self, scale: Tensor) -> Callable[[str], Tensor]:
        """Return a function from the name of a weight to its merged direction, (its size,).

        Args:
            scale: (T,) by how much each task counts: T times the preference, so that ones are the source's method.
        """

    def diagnostics(self) -> Mapping[str, float]:
        """Return numbers worth recording once a direction was made; none unless the rule overrides this."""
        return {}


class DirectionMerger(Learner):
    """Adds lambda times one direction, merged from the task vectors, to the pre-trained model.

    The default is a curve over lambda, which follows no preference. The form `conditioned`, Frontrunner's extension,
    follows it at one lambda: tasks are scaled by T r_i, so that equal weights give the curve's model.
    """

    Config: Any = CurveOptions

    @abstractmethod
    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> MergeRule:
        """Return how the task vectors become one direction."""

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Merge the task vectors; the conditioned form may look at the validation split."""
        config = self.config
        vectors = TaskVectorsByWeight(problem)
        rule = self.rule(vectors, context)
        # A weight at a time: T whole task vectors beside the experts would take as much memory again.
        direction = rule.directions(torch.ones(problem.n_tasks, device=problem.device))
        kept = {name: direction(name) for name in vectors.weights.names}

        def along(value: float) -> Params:
            return vectors.shifted(value, kept.__getitem__)

        lambdas: list[float] = np.linspace(0.0, config.max_lambda, config.points).tolist()
        if not config.conditioned:
            return FiniteSet(
                problem.n_tasks,
                lambda i: along(lambdas[i]),
                [f"lambda = {value:.3g}" for value in lambdas],
                total_parameters=2 * problem.model_parameters,  # the start and the merged direction
                diagnostics=rule.diagnostics(),
            )
        chosen = config.coefficient
        if chosen is None:
            chosen = choose_on_validation(problem, lambdas, along)

        def merge(preference: NDArray[np.float64]) -> Params:
            scale = sent(torch.as_tensor(problem.n_tasks * preference), problem.device)
            return vectors.shifted(chosen, rule.directions(scale))

        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=(1 + problem.n_tasks) * problem.model_parameters,
            diagnostics={"chosen_lambda": chosen, **rule.diagnostics()},
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the validation split, if lambda is chosen on it."""
        looks = self.config.conditioned and self.config.coefficient is None
        held = sum(problem.n_examples("val")) if looks else 0
        return Needs(labelled_examples=held, gradient_examples=0, forward_examples=self.config.points * held)
