"""`ties-merging`: task vectors are trimmed, signs elected, and entries that agree with the elected sign merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from ..learner import Context
from ..ranges import Choice, Range
from .direction_merger import CurveOptions, DirectionMerger, MergeRule
from .task_vectors_by_weight import TaskVectorsByWeight
from .trimmed_vectors import TrimmedVectors


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


class TiesRule(MergeRule):
    """Trims task vectors, elects signs and merges what agrees (arXiv 2306.01708, algorithm 1).

    Args:
        vectors: the task vectors.
        keep: share of every task vector's entries that trimming keeps.
        mean: whether agreeing entries are averaged instead of summed.
    """

    def __init__(self, vectors: TaskVectorsByWeight, *, keep: float, mean: bool) -> None:
        self._weights = vectors.weights
        self._trimmed = TrimmedVectors(vectors, keep)
        self._mean = mean

    def directions(self, scale: Tensor) -> Callable[[str], Tensor]:
        """Return a function from the name of a weight to the merge of its trimmed task vectors, scaled (T,)."""
        scale = scale.to(self._weights.dtype)[:, None]
        majority = torch.zeros((), dtype=torch.float64, device=scale.device)
        for name in self._weights.names:
            majority += elect(scale * self._trimmed.of(name)).sum()
        return lambda name: elect_and_merge(scale * self._trimmed.of(name), mean=self._mean, majority=majority)


class TiesMerging(DirectionMerger):
    """Adds lambda times task vectors merged without interference to the pre-trained model (arXiv 2306.01708).

    The default is a curve over lambda, which follows no preference. `conditioned` follows it at one lambda: trimmed
    task vectors are scaled by T r_i before signs are elected, so that equal weights give the curve's model and a
    task without weight has no vote.
    """

    name: ClassVar[str] = "ties-merging"

    @dataclass(frozen=True)
    class Config(CurveOptions):
        """Options of the merge, and of the curve, which is sampled at evenly spaced lambdas, both ends included."""

        keep: Annotated[float, Field(gt=0, le=1), Range(0.05, 1.0)] = 0.2
        """Share of every task vector's entries that trimming keeps, the largest in magnitude."""
        merge: Annotated[Literal["sum", "mean"], Choice(("sum", "mean"))] = "sum"
        """How agreeing entries are joined: sum (as in the paper of PWE MoE) or mean (as in that of TIES)."""

    config: Config

    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> TiesRule:
        """Trim the task vectors."""
        return TiesRule(vectors, keep=self.config.keep, mean=self.config.merge == "mean")
