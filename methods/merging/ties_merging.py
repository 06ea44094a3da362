"""`ties-merging`: task vectors are trimmed, signs elected, and entries that agree with the elected sign merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import ConfigError
from ...tasks.problem import Params, Problem
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ContinuousSet, FiniteSet, ParetoSet
from ..ranges import Choice, Range
from .trimmed_vectors import TrimmedVectors
from .validation_choice import choose_on_validation


def elect_and_merge(trimmed: Tensor, *, mean: bool = False, majority: Tensor | None = None) -> Tensor:
    """Merge trimmed task vectors (T, P) to one vector (P,) (arXiv 2306.01708, steps 2 and 3).

    The elected sign of an entry is that of its sum over tasks, and where that sum is 0 the sign of the majority of
    all entries. Entries of the elected sign are summed, or averaged over those that are not 0 with `mean`.

    Args:
        trimmed: the task vectors, or a part of them.
        mean: whether agreeing entries are averaged.
        majority: the sum of the signs of all entries, if these are a part.
    """
    elected = elect(trimmed)
    majority = elected.sum() if majority is None else majority
    elected = torch.where(elected == 0, majority.sign().to(elected.dtype), elected)
    agreeing = torch.where(trimmed * elected > 0, trimmed, torch.zeros_like(trimmed))
    total = agreeing.sum(dim=0)
    return total / (agreeing != 0).sum(dim=0).clamp(min=1) if mean else total


def elect(trimmed: Tensor) -> Tensor:
    """Return the sign of every entry's sum over tasks, (P,)."""
    return trimmed.sum(dim=0).sign()


class TiesMerging(Learner):
    """Adds lambda times task vectors merged without interference to the pre-trained model (arXiv 2306.01708).

    The default is a curve over lambda, which follows no preference. `conditioned` follows it at one lambda: trimmed
    task vectors are scaled by T r_i before signs are elected, so that equal weights give the curve's model and a
    task without weight has no vote.
    """

    name: ClassVar[str] = "ties-merging"

    @dataclass(frozen=True)
    class Config:
        """Options of the merge, and of the curve, which is sampled at evenly spaced lambdas, both ends included."""

        keep: Annotated[float, Field(gt=0, le=1), Range(0.05, 1.0)] = 0.2
        """Share of every task vector's entries that trimming keeps, the largest in magnitude."""
        merge: Annotated[Literal["sum", "mean"], Choice(("sum", "mean"))] = "sum"
        """How agreeing entries are joined: sum (as in the paper of PWE MoE) or mean (as in that of TIES)."""
        points: PositiveInt = 11
        """Models on the curve, or lambdas that are tried on the validation split."""
        max_lambda: Annotated[PositiveFloat, Range(0.2, 2.0)] = 1.0
        """End of the lambdas, which start at 0 (pre-trained)."""
        conditioned: bool = False
        """Whether the set follows the preference at one lambda, instead of being a curve over lambda."""
        coefficient: float | None = None
        """The one lambda of the conditioned form; if unset, it is chosen on the validation split at equal weights."""

        def __post_init__(self) -> None:
            if self.coefficient is not None and not self.conditioned:
                raise ConfigError(
                    "coefficient is the one lambda of conditioned = true, expected it unset for a curve, "
                    f"found {self.coefficient}; the curve's end is max_lambda"
                )

    config: Config

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Trim and merge the task vectors; the conditioned form may look at the validation split."""
        config = self.config
        trimmed = TrimmedVectors(problem, config.keep)
        # A weight at a time: T whole task vectors beside the experts would take as much memory again.
        direction = self._directions(trimmed, torch.ones(problem.n_tasks, device=problem.device))
        kept = {name: direction(name) for name in trimmed.weights.names}

        def along(value: float) -> Params:
            return trimmed.shifted(value, kept.__getitem__)

        lambdas: list[float] = np.linspace(0.0, config.max_lambda, config.points).tolist()
        if not config.conditioned:
            return FiniteSet(
                problem.n_tasks,
                lambda i: along(lambdas[i]),
                [f"lambda = {value:.3g}" for value in lambdas],
                total_parameters=2 * problem.model_parameters,  # the start and the merged direction
            )
        chosen = config.coefficient
        if chosen is None:
            chosen = choose_on_validation(problem, lambdas, along)

        def merge(preference: NDArray[np.float64]) -> Params:
            scale = torch.as_tensor(problem.n_tasks * preference, device=problem.device)
            return trimmed.shifted(chosen, self._directions(trimmed, scale))

        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=(1 + problem.n_tasks) * problem.model_parameters,
            diagnostics={"chosen_lambda": chosen},
        )

    def _directions(self, trimmed: TrimmedVectors, scale: Tensor) -> Callable[[str], Tensor]:
        """Return a function from the name of a weight to the merge of its task vectors, scaled by `scale` (T,)."""
        scale = scale.to(trimmed.weights.dtype)[:, None]
        majority = torch.zeros((), dtype=torch.float64, device=scale.device)
        for name in trimmed.weights.names:
            majority += elect(scale * trimmed.of(name)).sum()
        mean = self.config.merge == "mean"
        return lambda name: elect_and_merge(scale * trimmed.of(name), mean=mean, majority=majority)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the validation split, if lambda is chosen on it."""
        looks = self.config.conditioned and self.config.coefficient is None
        return Needs(labelled_examples=sum(problem.n_examples("val")) if looks else 0)
