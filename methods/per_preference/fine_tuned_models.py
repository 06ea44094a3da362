"""The learner that fine-tunes whole models from the pre-trained one, one for every preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ...metrics import check_preference
from ...tasks.problem import Budget, Problem
from ..counted_passes import CountedPasses
from ..flat_weights import FlatWeights, trained_names
from ..learner import Context
from ..needs import Needs, TrainingSteps
from ..pareto_set import FiniteSet, ParetoSet
from ..scalarization import TrainingGoal
from ..scalarized_learner import ScalarizedLearner
from ..training import Training, train
from .model_step import ModelStep, TrainedModel


class FineTunedSet(FiniteSet):
    """Holds models that were trained whole: one a preference, or a single one for no preference in particular.

    Args:
        problem: what the models were trained on.
        weights: the order of the trained weights.
        trained: (n, P) the trained weights, one model a row.
        preferences: (n, T) the preference of each model; None where none is followed.
    """

    def __init__(
        self, problem: Problem, weights: FlatWeights, trained: Tensor, preferences: NDArray[np.float64] | None
    ) -> None:
        labels = [""] * len(trained) if preferences is not None else ["no preference"]
        super().__init__(
            problem.n_tasks,
            lambda i: {**problem.pretrained, **weights.named(trained[i].clone())},
            labels,
            preferences=preferences,
            total_parameters=len(trained) * problem.model_parameters,
        )
        self.trainable_parameters = trained.numel()
        self.training_diagnostics: Mapping[str, float] = {}
        self._trained = trained

    def state(self) -> Mapping[str, Tensor]:
        """Return `models`, the trained weights of every model joined to one row, (n, P)."""
        return {"models": self._trained}

    def diagnostics(self) -> Mapping[str, float]:
        """Return the diagnostics of the trainings, averaged."""
        return self.training_diagnostics


class FineTunedModels(ScalarizedLearner):
    """Trains all weights of a model by Adam: one model for every preference, or one where none is followed.

    A scalarization that looks at the tasks' gradients needs T backward passes a step and T times the model's
    memory.
    """

    Config: Any = Training
    divides_work = True

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Train one model after the other on the train split, each with the same mini-batches.

        Raises:
            DivergenceError: a loss became NaN or infinite.
        """
        recipe = self.resolved(problem)
        asked = self._asked(_checked(preferences, problem.n_tasks))
        weights = FlatWeights(problem, trained_names(problem))
        models: list[Tensor] = []
        diagnostics = []

        def learned() -> FineTunedSet:
            """Return the set of the models trained so far."""
            return self._set(problem, weights, torch.stack(models), asked[: len(models)])

        total_steps = len(asked) * recipe.steps
        for own, preference in enumerate(asked):
            scalarization = self.scalarization_for(TrainingGoal(asked, recipe.steps, own))
            trained = weights.join(problem.pretrained).requires_grad_()
            step = CountedPasses(
                problem, ModelStep(TrainedModel(problem, weights, trained), scalarization, preference, context.ranks)
            )
            train(
                [trained],
                problem.batches("train", recipe.batch_size, context.generator("batches")),
                step,
                recipe,
                context,
                name=f"model-{own}",
                stateful=scalarization,
                done_steps=own * recipe.steps,
                total_steps=total_steps,
            )
            models.append(trained.detach())
            diagnostics.append({**scalarization.diagnostics(), **step.diagnostics()})
            if len(models) < len(asked):
                context.probe(len(models) * recipe.steps, total_steps, learned)
        found = learned()
        found.training_diagnostics = _means(diagnostics)
        return found

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the train split that are looked at, and one training a model."""
        training = self.training_steps(problem.budget, preferences)
        return Needs(
            labelled_examples=self.resolved(problem).labels_seen(problem),
            trainings=training.runs,
            gradient_examples=training.examples(problem),
            forward_examples=0,
            training=training,
        )

    @property
    def uses_experts(self) -> bool:
        """False: all starts at the pre-trained model."""
        return False

    def training_steps(self, budget: Budget, preferences: NDArray[np.float64]) -> TrainingSteps:
        """Return the optimizer steps: as many for every model."""
        n_tasks = np.shape(preferences)[1]
        recipe = self.resolved_for(budget, n_tasks)
        return TrainingSteps(len(self._asked(preferences)), recipe.steps, n_tasks * recipe.batch_size)

    def restore(
        self,
        problem: Problem,
        state: Mapping[str, Tensor],
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Make the set from its saved models.

        Raises:
            ConfigError: the state does not fit this configuration and problem.
        """
        weights = FlatWeights(problem, trained_names(problem))
        asked = self._asked(_checked(preferences, problem.n_tasks))
        expected = (len(asked), weights.size)
        if tuple(state["models"].shape) != expected:
            raise ConfigError(
                f"the saved state does not fit this configuration and problem: expected models of shape {expected}, "
                f"found {tuple(state['models'].shape)}"
            )
        return self._set(problem, weights, state["models"].to(problem.device), asked)

    def _asked(self, preferences: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the preferences that models are trained for, (models, T); uniform where no preference is followed.

        They are sorted: what is learned must not depend on how the preferences were listed.
        """
        n_tasks = np.shape(preferences)[1]
        return (
            np.unique(preferences, axis=0)
            if self.scalarization.follows_preference
            else np.full((1, n_tasks), 1 / n_tasks)
        )

    def _set(self, problem: Problem, weights: FlatWeights, trained: Tensor, asked: NDArray[np.float64]) -> FineTunedSet:
        return FineTunedSet(problem, weights, trained, asked if self.scalarization.follows_preference else None)


def _means(diagnostics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of every number over the trainings that know it; one that had ended before knows fewer."""
    names = {name: None for found in diagnostics for name in found}
    return {name: float(np.mean([found[name] for found in diagnostics if name in found])) for name in names}


def _checked(preferences: NDArray[np.float64], n_tasks: int) -> NDArray[np.float64]:
    """Return the preferences (n, T); PreferenceError for the first that is no point of the simplex."""
    return np.array([check_preference(row, n_tasks) for row in preferences])
