"""`dare`: entries of task vectors are dropped at random and the others rescaled, before task arithmetic or TIES."""

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
from .dropped_vectors import DroppedVectors
from .task_vectors_by_weight import TaskVectorsByWeight
from .ties_merging import TiesRule


class SummedVectors(MergeRule):
    """Sums task vectors, as task arithmetic does (arXiv 2212.04089).

    Args:
        vectors: the task vectors.
    """

    def __init__(self, vectors: TaskVectorsByWeight) -> None:
        self._vectors = vectors

    def directions(self, scale: Tensor) -> Callable[[str], Tensor]:
        """Return a function from the name of a weight to the sum of its task vectors, scaled (T,)."""
        scale = scale.to(self._vectors.weights.dtype)
        return lambda name: torch.mv(self._vectors.of(name).T, scale)


class Dare(DirectionMerger):
    """Drops entries of task vectors and rescales the others (DARE), then merges them (Yu et al., arXiv 2311.03099).

    Each entry of delta_t = theta_t - theta_0 is dropped with probability p, and divided by 1 - p otherwise; the result
    takes the place of the task vector in task arithmetic, theta_0 + lambda sum_t delta_t, or in TIES. As in the
    authors' code all parameters take part, whatever their layer; buffers are merged without dropping. With p = 0 it is
    task arithmetic or TIES.

    The default is a curve over lambda. `conditioned`, Frontrunner's extension, follows the preference at one lambda:
    task vectors are scaled by T r_i after dropping, so that equal weights give the curve's model.
    """

    name: ClassVar[str] = "dare"

    @dataclass(frozen=True)
    class Config(CurveOptions):
        """Options of the dropping, of the merge after it, and of the curve over lambda, both ends included."""

        drop: Annotated[float, Field(ge=0, lt=1), Range(0.1, 0.9)] = 0.2
        """Probability p with which each entry of a task vector is dropped (the authors' for merged models)."""
        then: Annotated[Literal["task-arithmetic", "ties-merging"], Choice(("task-arithmetic", "ties-merging"))] = (
            "task-arithmetic"
        )
        """How the task vectors are merged: by their sum, or by TIES."""
        keep: Annotated[float, Field(gt=0, le=1), Range(0.05, 1.0)] = 0.2
        """TIES alone: share of every task vector's entries that trimming keeps, the largest in magnitude."""
        merge: Annotated[Literal["sum", "mean"], Choice(("sum", "mean"))] = "mean"
        """TIES alone: how agreeing entries are joined (mean: the authors')."""

    config: Config

    def rule(self, vectors: TaskVectorsByWeight, context: Context) -> MergeRule:
        """Drop entries, and return the merge of what is left."""
        config = self.config
        dropped = DroppedVectors(vectors, config.drop, context)
        if config.then == "task-arithmetic":
            return SummedVectors(dropped)
        return TiesRule(dropped, keep=config.keep, mean=config.merge == "mean")
