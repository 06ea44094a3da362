"""The base of learners that train a conditioned set, one drawn preference a step."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat
from torch import Tensor

from ...tasks.problem import Budget, Problem
from ..counted_passes import CountedPasses
from ..gradients import backward
from ..learner import Context
from ..needs import Needs, TrainingSteps
from ..pareto_set import ParetoSet
from ..ranges import Range
from ..scalarization import Scalarization, TrainingGoal
from ..scalarized_learner import ScalarizedLearner
from ..shared_step import shared_step
from ..training import Training, train
from .conditioned_set import ConditionedSet


@dataclass(frozen=True)
class ConditionedTraining(Training):
    """Options of every learner of a conditioned set: those of training, and how preferences are drawn."""

    dirichlet_alpha: Annotated[PositiveFloat, Range(0.1, 10.0, log=True)] = 1.0
    """Concentration of the preferences drawn in training; 1 is uniform on the simplex."""


class ConditionedLearner(ScalarizedLearner):
    """Trains a `ConditionedSet` on the train split: every step draws a preference and follows its scalarization.

    Subclasses make the set.
    """

    Config: Any = ConditionedTraining

    @abstractmethod
    def untrained(self, problem: Problem, generator: torch.Generator) -> ConditionedSet:
        """Make the set before the first step; `generator` draws the network's initial weights."""

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ConditionedSet:
        """Train on the train split.

        Raises:
            DivergenceError: the loss became NaN or infinite.
        """
        recipe = self.resolved(problem)
        conditioned = self.untrained(problem, context.generator("network"))
        scalarization = self.scalarization_for(TrainingGoal(preferences, recipe.steps))
        parameters, draws = list(conditioned.network.parameters()), self.draws(problem, context)
        # A single draw of a single process keeps the order of its sums in `step`, and so its results their bytes.
        preferences_per_step = getattr(recipe, "preferences_per_step", 1)
        if preferences_per_step == 1 and not (self.divides_work and context.ranks.count > 1):
            step = CountedPasses[Any](problem, lambda drawn: self.step(conditioned, scalarization, drawn))
        else:
            draws = _in_groups(draws, preferences_per_step)
            step = CountedPasses[Any](
                problem, lambda drawn: shared_step(conditioned, parameters, scalarization, drawn, context.ranks)
            )
        train(
            parameters,
            draws,
            step,
            recipe,
            context,
            stateful=scalarization,
            partial_set=lambda: conditioned,
        )
        conditioned.training_diagnostics = {**scalarization.diagnostics(), **step.diagnostics()}
        return conditioned

    def draws(self, problem: Problem, context: Context) -> Iterator[Any]:
        """Yield what the steps see: a preference (T,) from a Dirichlet distribution, and T mini-batches.

        A learner with an option `samples` draws that many preferences a step, (samples, T). One with an option
        `preferences_per_step` takes so many draws a step.
        """
        config = self.resolved(problem)
        rng = context.rng("preferences")
        size = getattr(config, "samples", None)
        for batch in problem.batches("train", config.batch_size, context.generator("batches")):
            yield rng.dirichlet([config.dirichlet_alpha] * problem.n_tasks, size=size), batch

    def step(self, conditioned: ConditionedSet, scalarization: Scalarization, drawn: Any) -> Tensor:
        """Leave the scalarized gradient in the network and return the weighted loss, for the record.

        Args:
            conditioned: the set that is trained.
            scalarization: weighs the tasks' losses.
            drawn: one item of `draws`.

        Raises:
            ConfigError: no loss depends on the network.
        """
        preference, batch = drawn
        if scalarization.needs_gramian:
            loss, gradient = scalarization.combined(*conditioned.task_gradients(preference, batch), preference)
            conditioned.set_gradient(gradient)
            return loss
        loss = scalarization.loss(conditioned.losses(preference, batch), preference)
        backward(loss)
        return loss

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the train split that the steps see, their gradients, and trainings of whole models."""
        training = self.training_steps(problem.budget, preferences)
        return Needs(
            labelled_examples=self.resolved(problem).labels_seen(problem),
            trainings=self.trainings(problem),
            gradient_examples=training.examples(problem),
            forward_examples=0,
            training=training,
        )

    def training_steps(self, budget: Budget, preferences: NDArray[np.float64]) -> TrainingSteps:
        """Return the optimizer steps of the one training; its batches go through `samples_per_step` models."""
        n_tasks = np.shape(preferences)[1]
        recipe = self.resolved_for(budget, n_tasks)
        return TrainingSteps(1, recipe.steps, n_tasks * recipe.batch_size * self.samples_per_step(n_tasks))

    def samples_per_step(self, n_tasks: int) -> int:
        """Return through how many models a step takes its batch: as many as an option `samples` says, else one."""
        return int(getattr(self.config, "samples", 1))

    def trainings(self, problem: Problem) -> int:
        """Count the whole models that are trained; none where only coefficients or terms of low rank are."""
        return 0

    def restore(
        self,
        problem: Problem,
        state: Mapping[str, Tensor],
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Make the set from its saved network.

        Raises:
            ConfigError: the state does not fit this configuration and problem.
        """
        conditioned = self.untrained(problem, torch.Generator())
        conditioned.load(state)
        return conditioned


def _in_groups(draws: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Yield the draws of every step, `size` at a time."""
    while True:
        yield list(itertools.islice(draws, size))
