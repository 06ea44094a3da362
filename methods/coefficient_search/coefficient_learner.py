"""The base of learners that search the T merge coefficients with a budget of evaluations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ConfigError
from ...tasks.problem import Problem
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ParetoSet
from ..ranges import Range
from ..task_vectors import ModelMerger
from .evaluator import CoefficientEvaluator
from .searched_set import SearchedSet


@dataclass(frozen=True)
class SearchBox:
    """Options of every search of the coefficients c in theta_0 + sum_i c_i tau_i: their bounds, and where it starts."""

    min_coefficient: float = 0.0
    """Least value of each coefficient."""
    max_coefficient: Annotated[float, Range(0.5, 2.0)] = 1.0
    """Greatest value of each coefficient."""
    start_with_experts: bool = True
    """Whether the T experts and their mean, moved into the box, are evaluated first."""

    def __post_init__(self) -> None:
        if not self.min_coefficient < self.max_coefficient:
            raise ConfigError(
                "min_coefficient must be below max_coefficient, "
                f"found {self.min_coefficient} and {self.max_coefficient}"
            )

    def known_points(self, n_tasks: int) -> NDArray[np.float64]:
        """Return coefficients (T + 1, T) of the experts and their mean, clipped to the box; (0, T) if not wanted."""
        points = np.vstack([np.eye(n_tasks), np.full((1, n_tasks), 1 / n_tasks)])
        wanted = points if self.start_with_experts else points[:0]
        return np.asarray(np.clip(wanted, self.min_coefficient, self.max_coefficient))

    def first_points(self, n: int, n_tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n coefficients to begin with, (n, T): the known points, then uniform draws from the box."""
        known = self.known_points(n_tasks)[:n]
        drawn = rng.uniform(self.min_coefficient, self.max_coefficient, size=(n - len(known), n_tasks))
        return np.vstack([known, drawn])


@dataclass(frozen=True)
class Found:
    """The result of a search."""

    coefficients: NDArray[np.float64]
    """The members' merge coefficients, (K, T)."""
    objectives: NDArray[np.float64]
    """The members' objectives, (K, T), minimised; measured on the validation split or predicted."""
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    """Further numbers worth recording about the search."""


class CoefficientLearner(Learner):
    """Searches the merge coefficients on the validation split and trains nothing; subclasses say how."""

    Config: Any = SearchBox

    @abstractmethod
    def evaluations(self, n_tasks: int) -> int:
        """Return how many merged models the search evaluates.

        Raises:
            ConfigError: they are too few for T tasks.
        """

    @abstractmethod
    def search(self, evaluate: CoefficientEvaluator, context: Context) -> Found:
        """Search the members of the set, deterministically: the same objectives and seed give the same coefficients."""

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Search on the validation split.

        Raises:
            ConfigError: there are fewer evaluations than the search needs.
            DivergenceError: a merged model's error or loss is NaN or infinite.
        """
        merge = ModelMerger(problem)
        evaluate = CoefficientEvaluator(problem, merge, context, self.evaluations(problem.n_tasks))
        found = self.search(evaluate, context)
        evaluate.save()
        return SearchedSet(
            merge,
            found.coefficients,
            found.objectives,
            total_parameters=kept_parameters(problem),
            search_diagnostics={**found.diagnostics, "evaluations": float(len(evaluate.coefficients))},
        )

    def restore(
        self,
        problem: Problem,
        state: Mapping[str, Tensor],
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Make the set from its saved coefficients and objectives; nothing is evaluated.

        Raises:
            ConfigError: the state does not fit this configuration and problem.
        """
        found = {name: tensor.cpu().numpy() for name, tensor in state.items()}
        shapes = {name: values.shape for name, values in found.items()}
        if set(found) != {"coefficients", "objectives"} or any(s[1:] != (problem.n_tasks,) for s in shapes.values()):
            raise ConfigError(
                "the saved state does not fit this configuration and problem: expected coefficients and objectives "
                f"of shape (members, {problem.n_tasks}), found {shapes}"
            )
        return SearchedSet(
            ModelMerger(problem),
            found["coefficients"],
            found["objectives"],
            total_parameters=kept_parameters(problem),
        )

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Accept every architecture, but not every number of tasks.

        Raises:
            ConfigError: there are fewer evaluations than the search of T coefficients needs.
        """
        self.evaluations(n_tasks)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the validation split, on which every merged model is evaluated."""
        held = sum(problem.n_examples("val"))
        evaluated = self.evaluations(problem.n_tasks) * held
        return Needs(labelled_examples=held, gradient_examples=0, forward_examples=evaluated)


def kept_parameters(problem: Problem) -> int:
    """Count the numbers kept to make any merge: the pre-trained model and T task vectors, not the coefficients."""
    return (problem.n_tasks + 1) * problem.model_parameters
