"""`pareto-merging`: a merged model plus low-rank terms that depend on the preference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ...errors import UnsupportedError
from ...tasks.precision import master_type
from ...tasks.problem import Params, Problem
from ..flat_weights import trained_names
from ..ranges import Range
from ..task_vectors import ModelMerger
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import ConditionedSet


class LowRankShift(nn.Module):
    """Maps a preference r to a low-rank shift of one matrix, A (sum_t r_t G_t) B; zero at first, since B is.

    A starts with entries of size 1 / rank, so that one step of Adam on B moves the matrix by about the learning
    rate. The G_t start apart from each other: where they are equal, the tasks cannot tell them apart.

    Args:
        shape: the weight's, of two or more dimensions; all but the first are joined.
        rank: the shift's, at most; it is never above the matrix's own.
        n_tasks: T, the length of r.
        generator: draws A and G.
    """

    def __init__(self, shape: torch.Size, rank: int, n_tasks: int, generator: torch.Generator) -> None:
        super().__init__()
        self._shape = shape
        n_rows, n_columns = shape[0], shape[1:].numel()
        rank = min(rank, n_rows, n_columns)
        self.left = nn.Parameter(torch.randn(n_rows, rank, generator=generator) / rank)
        self.cores = nn.Parameter(torch.eye(rank) + torch.randn(n_tasks, rank, rank, generator=generator) / rank**0.5)
        self.right = nn.Parameter(torch.zeros(rank, n_columns))

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to the shift, of the weight's shape."""
        core = torch.einsum("t,tij->ij", preference, self.cores)
        return (self.left @ core @ self.right).view(self._shape)


class VectorShift(nn.Module):
    """Maps a preference r to the shift of a vector or a number, sum_t r_t v_t; zero before the first step.

    Args:
        shape: the weight's.
        n_tasks: T, the length of r.
    """

    def __init__(self, shape: torch.Size, n_tasks: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.zeros(n_tasks, *shape))

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to the shift, of the weight's shape."""
        return torch.einsum("t,t...->...", preference, self.vectors)


class LowRankSet(ConditionedSet):
    """Answers with a fixed merged model and trained shifts of its weights.

    Args:
        problem: gives the losses.
        base: the merged model.
        names: which weights are shifted.
        shifts: one network a name, from a preference to the weight's shift.
    """

    def __init__(self, problem: Problem, base: Params, names: list[str], shifts: nn.ModuleList) -> None:
        super().__init__(problem, shifts, kept_parameters=problem.model_parameters)
        self._base = base
        self._names = names
        self._shifts = shifts

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Return the merged model plus the shifts."""
        shifted = {
            # Added in the shift's precision, then rounded to the weight's.
            name: (self._base[name] + shift(preference)).to(self._base[name].dtype)
            for name, shift in zip(self._names, self._shifts, strict=True)
        }
        return {**self._base, **shifted}

    def diagnostics(self) -> Mapping[str, float]:
        """Return the training's, and how many weights have shifts of low rank and how many, being vectors, have not."""
        low_rank = sum(isinstance(shift, LowRankShift) for shift in self._shifts)
        return {
            **super().diagnostics(),
            "low_rank_weights": float(low_rank),
            "vector_weights": float(len(self._shifts) - low_rank),
        }


class ParetoMerging(ConditionedLearner):
    """Adds low-rank terms that the preference mixes to a merged model (Chen and Kwok, arXiv 2408.12105).

    The task-arithmetic model is kept, and every weight matrix W gets a term of low rank whose core the preference
    mixes: W + A (sum_t r_t G_t) B. Trained are A, B and G, on sum_t r_t loss_t. Departures: labels of the train
    split instead of entropies or distances to the experts, as PaLoRA (arXiv 2407.08056) trains its adapters; vectors
    (biases, gains), which have no rank, are shifted by sum_t r_t v_t; the merged model itself is not trained.
    """

    name: ClassVar[str] = "pareto-merging"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Options of the shifts and their training; learning rate, steps and batch size are the suite's unless set."""

        rank: Annotated[PositiveInt, Range(1, 64, log=True, costs=True)] = 16
        """Rank of every matrix's shift (paper: 16)."""
        base_coefficient: Annotated[float, Range(0.0, 1.0)] = 0.3
        """lambda of the task-arithmetic model that is shifted (paper: 0.3)."""

    config: Config

    def untrained(self, problem: Problem, generator: torch.Generator) -> LowRankSet:
        """Make the set that answers every preference with the task-arithmetic model.

        Raises:
            UnsupportedError: the problem has no floating-point weights.
        """
        base = ModelMerger(problem)([self.config.base_coefficient] * problem.n_tasks)
        names = trained_names(problem)
        if not names:
            raise UnsupportedError(f"pareto-merging trains floating-point weights; {problem.name} has none")
        precise = master_type(base[name].dtype for name in names)
        shifts = nn.ModuleList(
            LowRankShift(base[name].shape, self.config.rank, problem.n_tasks, generator)
            if base[name].ndim >= 2
            else VectorShift(base[name].shape, problem.n_tasks)
            for name in names
        )
        return LowRankSet(problem, base, names, shifts.to(base[names[0]].device, precise))
