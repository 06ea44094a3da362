"""`ties-merging`: task vectors are trimmed, signs elected, and entries that agree with the elected sign merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import ConfigError
from ...tasks.problem import Params, Problem
from ..flat_weights import FlatWeights
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ContinuousSet, FiniteSet, ParetoSet
from ..ranges import Choice, Range
from .validation_choice import choose_on_validation


def trim(vectors: Tensor, keep: float) -> Tensor:
    """Return task vectors (T, P) with all but each row's largest magnitudes set to 0 (arXiv 2306.01708, step 1).

    Kept is what reaches the (P - floor(P keep))-th smallest magnitude, counted from 1: floor(P keep) + 1 entries,
    and those equal to the last of them. Zeros of a row are kept as zeros.
    """
    n_entries = vectors.shape[1]
    magnitudes = vectors.abs()
    rank = max(1, n_entries - int(n_entries * keep))
    threshold = magnitudes.kthvalue(rank, dim=1, keepdim=True).values
    return torch.where(magnitudes >= threshold, vectors, torch.zeros_like(vectors))


def elect_and_merge(trimmed: Tensor, *, mean: bool = False) -> Tensor:
    """Merge trimmed task vectors (T, P) to one vector (P,) (arXiv 2306.01708, steps 2 and 3).

    The elected sign of an entry is that of its sum over tasks, and where that sum is 0 the sign of the majority of
    all entries. Entries of the elected sign are summed, or averaged over those that are not 0 with `mean`.
    """
    elected = trimmed.sum(dim=0).sign()
    elected = torch.where(elected == 0, elected.sum().sign(), elected)
    agreeing = torch.where(trimmed * elected > 0, trimmed, torch.zeros_like(trimmed))
    total = agreeing.sum(dim=0)
    return total / (agreeing != 0).sum(dim=0).clamp(min=1) if mean else total


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
        weights = FlatWeights(problem, problem.pretrained)
        base = weights.join(problem.pretrained)
        trimmed = trim(torch.stack([weights.join(expert) for expert in problem.experts]) - base, config.keep)
        direction = elect_and_merge(trimmed, mean=config.merge == "mean")

        def along(direction: Tensor, value: float) -> Params:
            return {**problem.pretrained, **weights.named(base + value * direction)}

        lambdas: list[float] = np.linspace(0.0, config.max_lambda, config.points).tolist()
        if not config.conditioned:
            return FiniteSet(
                problem.n_tasks,
                lambda i: along(direction, lambdas[i]),
                [f"lambda = {value:.3g}" for value in lambdas],
                total_parameters=2 * problem.model_parameters,  # the start and the merged direction
            )
        chosen = config.coefficient
        if chosen is None:
            chosen = choose_on_validation(problem, lambdas, lambda value: along(direction, value))

        def merge(preference: NDArray[np.float64]) -> Params:
            scale = torch.as_tensor(problem.n_tasks * preference, dtype=trimmed.dtype, device=trimmed.device)
            return along(elect_and_merge(scale[:, None] * trimmed, mean=config.merge == "mean"), chosen)

        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=(1 + problem.n_tasks) * problem.model_parameters,
            diagnostics={"chosen_lambda": chosen},
        )

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the validation split, if lambda is chosen on it."""
        looks = self.config.conditioned and self.config.coefficient is None
        return Needs(labelled_examples=sum(problem.n_examples("val")) if looks else 0)
