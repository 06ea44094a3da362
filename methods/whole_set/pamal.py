"""`pamal`: Pareto manifold learning, a linear subspace of weights spanned by T models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ...tasks.problem import Problem
from ..flat_weights import FlatWeights, trained_names
from ..ranges import Choice, Range
from ..scalarization import Scalarization
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import ConditionedSet, FlatSet


class ModelBank(nn.Module):
    """sum_t r_t theta_t.

    Args:
        models: (T, P) theta before the first step.
    """

    def __init__(self, models: Tensor) -> None:
        super().__init__()
        self.models = nn.Parameter(models)

    def forward(self, preference: Tensor) -> Tensor:
        """(T,) to (P,), a new tensor."""
        return preference @ self.models


class Pamal(ConditionedLearner):
    """Pareto manifold learning (Dimitriadis et al., arXiv 2210.09759): T models, and what lies between, are trained.

    Every step draws preferences, interpolates a model for each and minimises sum_t r_t loss_t over all T models'
    weights. Departures: starts at one pre-trained model T times, or at the experts (the paper draws T random
    models); neither its gradient balancing nor its ordering of preferences.
    """

    name: ClassVar[str] = "pamal"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Learning rate, steps and batch size are the suite's unless set."""

        start: Annotated[Literal["pretrained", "experts"], Choice(("pretrained", "experts"))] = "pretrained"
        """Where the T models start: pretrained or experts."""
        samples: Annotated[PositiveInt, Range(1, 8, log=True, costs=True)] = 1
        """Preferences a step; a forward and backward pass of the model for each."""

    config: Config

    def trainings(self, problem: Problem) -> int:
        """T, at once."""
        return problem.n_tasks

    def untrained(self, problem: Problem, generator: torch.Generator) -> FlatSet:
        """The pre-trained model for every preference, or the interpolated experts."""
        weights = FlatWeights(problem, trained_names(problem))
        experts = self.config.start == "experts"
        sources = problem.experts if experts else [problem.pretrained] * problem.n_tasks
        return FlatSet(problem, weights, ModelBank(torch.stack([weights.join(source) for source in sources])))

    def step(self, conditioned: ConditionedSet, scalarization: Scalarization, drawn: Any) -> Tensor:
        """Gradients of the samples add up to that of their mean."""
        preferences, batch = drawn
        mean = torch.zeros((), device=conditioned.problem.device)
        for preference in preferences:
            loss = scalarization.loss(conditioned.losses(preference, batch), preference) / len(preferences)
            loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
            mean += loss.detach()
        return mean
