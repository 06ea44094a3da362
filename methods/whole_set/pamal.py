"""`pamal`: Pareto manifold learning, which trains T models and all models interpolated between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ...tasks.problem import Problem
from ..flat_weights import FlatWeights, trained_names
from ..ranges import Choice, Range
from .conditioned_learner import ConditionedTraining
from .conditioned_set import FlatSet
from .sampled_step import SampledStep


class ModelBank(nn.Module):
    """Maps a preference r to the interpolated model sum_t r_t theta_t.

    Args:
        models: (T, P) theta before the first step.
    """

    def __init__(self, models: Tensor) -> None:
        super().__init__()
        self.models = nn.Parameter(models)

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to weights (P,), a new tensor."""
        return preference @ self.models


class Pamal(SampledStep):
    """Trains T models and all that lie between them (Pareto manifold learning, Dimitriadis et al., arXiv 2210.09759).

    Every step draws preferences, interpolates a model for each and minimises sum_t r_t loss_t over all T models'
    weights. Departures: starts at one pre-trained model T times, or at the experts (the paper draws T random
    models); one preference a step where the authors draw two to four; neither their balancing of losses and gradients
    nor their ordering of a window's losses, both of which they use on some data only.
    """

    name: ClassVar[str] = "pamal"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Options of the training; learning rate, steps and batch size are the suite's unless set."""

        start: Annotated[Literal["pretrained", "experts"], Choice(("pretrained", "experts"))] = "pretrained"
        """Where the T models start: all at the pre-trained model, or each at its expert."""
        samples: Annotated[PositiveInt, Range(1, 8, log=True, costs=True)] = 1
        """Preferences drawn a step (paper: 2 to 4, its window); each costs a forward and backward pass of the model."""

    config: Config

    def trainings(self, problem: Problem) -> int:
        """Return T: so many whole models are trained, at once."""
        return problem.n_tasks

    @property
    def uses_experts(self) -> bool:
        """Whether the models start at the experts."""
        return bool(self.config.start == "experts")

    def untrained(self, problem: Problem, generator: torch.Generator) -> FlatSet:
        """Make the set that answers with the pre-trained model, or with interpolated experts."""
        weights = FlatWeights(problem, trained_names(problem))
        experts = self.config.start == "experts"
        sources = problem.experts if experts else [problem.pretrained] * problem.n_tasks
        return FlatSet(problem, weights, ModelBank(torch.stack([weights.join(source) for source in sources])))
