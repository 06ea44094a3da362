"""One model trained on all tasks at equal weights until the validation split no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import ConfigError
from ...tasks.problem import Budget, Problem
from ..flat_weights import FlatWeights, trained_names
from ..learner import Context, Learner
from ..needs import Needs, TrainingSteps
from ..ranges import Range
from ..training import Training
from .converging_training import ConvergingTraining
from .fine_tuned_models import FineTunedSet

BUDGETS = 10
"""The most steps that are taken unless set, in times the suite's recommendation."""
CHECKS_PER_BUDGET = 8
"""How often the validation split is looked at within the suite's recommended steps, unless set."""


class MultiTask(Learner):
    """Multi-task learning to convergence: a yardstick for what one model reaches on all tasks, whatever it takes.

    Trains all weights by Adam on the mean of the tasks' losses. Where the mean error on the validation split has not
    improved for `patience` checks, the best model is trained on at the lower learning rate; where that ends likewise,
    or after `steps` in all, the best model is the answer. It follows no preference.
    """

    name = "multi-task"
    divides_work = True

    @dataclass(frozen=True)
    class Config(Training):
        """Options of the training; learning rate and batch size are the suite's unless set."""

        lr: Annotated[PositiveFloat | None, Range(1e-5, 1e-1, log=True)] = None
        """Adam's learning rate until the validation error first stops falling."""
        final_lr_ratio: Annotated[float, Field(gt=0, le=1)] = 0.1
        """The share of the learning rate that is left after that."""
        steps: Annotated[PositiveInt | None, Range(500, 80000, log=True, costs=True)] = None
        """The most optimizer steps; ten times what the suite recommends unless set."""
        batch_size: Annotated[PositiveInt | None, Range(4, 64, log=True, costs=True)] = None
        """Examples per task and step."""
        check_every: PositiveInt | None = None
        """Steps between two looks at the validation split; an eighth of what the suite recommends unless set."""
        patience: PositiveInt = 8
        """Checks without a lower validation error after which a learning rate has done what it can."""

    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> FineTunedSet:
        """Train one model on the train split, and choose its best state on the validation split.

        Raises:
            DivergenceError: a loss became NaN or infinite.
        """
        recipe = self.resolved(problem)
        weights = FlatWeights(problem, trained_names(problem))
        training = ConvergingTraining(problem, weights, recipe)
        batches = problem.batches("train", recipe.batch_size, context.generator("batches"))
        training.resume(context, batches)
        training.run(context, batches)
        found = FineTunedSet(problem, weights, training.best[None], None)
        found.needed = self._counted(problem, recipe, training.step, training.checks)
        found.training_diagnostics = {
            "validation_error": training.least_error,
            "best_step": float(training.best_step),
            "converged": float(training.converged),
        }
        return found

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the train and the validation split, and one training of the most steps."""
        recipe = self.resolved(problem)
        return self._counted(problem, recipe, recipe.steps, 1 + math.ceil(recipe.steps / recipe.check_every))

    @property
    def uses_experts(self) -> bool:
        """False: all starts at the pre-trained model."""
        return False

    def training_steps(self, budget: Budget, preferences: NDArray[np.float64]) -> TrainingSteps:
        """Return the most optimizer steps; how many are taken is known after the fit, see `ParetoSet.needed`."""
        n_tasks = np.shape(preferences)[1]
        recipe = self.resolved_for(budget, n_tasks)
        return TrainingSteps(1, recipe.steps, n_tasks * recipe.batch_size)

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """Return the configuration with steps and checks in proportion to the suite's budget where they are unset."""
        recipe, every = self.config, max(1, budget.steps // CHECKS_PER_BUDGET)
        return replace(
            super().resolved_for(budget, n_tasks),
            steps=BUDGETS * budget.steps if recipe.steps is None else recipe.steps,
            check_every=every if recipe.check_every is None else recipe.check_every,
        )

    def restore(
        self, problem: Problem, state: Mapping[str, Tensor], preferences: NDArray[np.float64], context: Context
    ) -> FineTunedSet:
        """Make the set from its saved model.

        Raises:
            ConfigError: the state does not fit this problem.
        """
        weights = FlatWeights(problem, trained_names(problem))
        if tuple(state["models"].shape) != (1, weights.size):
            raise ConfigError(
                f"the saved state does not fit this problem: expected a model of shape {(1, weights.size)}, "
                f"found {tuple(state['models'].shape)}"
            )
        return FineTunedSet(problem, weights, state["models"].to(problem.device), None)

    def _counted(self, problem: Problem, recipe: Config, steps: int, checks: int) -> Needs:
        """Return what a fit of this many steps and looks at the validation split needs."""
        assert recipe.batch_size is not None  # for the type checker: resolved
        training = TrainingSteps(1, steps, problem.n_tasks * recipe.batch_size)
        held = sum(problem.n_examples("val"))
        seen = replace(recipe, steps=steps).labels_seen(problem)
        return Needs(
            labelled_examples=seen + held,
            trainings=1,
            gradient_examples=training.examples(problem),
            forward_examples=checks * held,
            training=training,
        )
