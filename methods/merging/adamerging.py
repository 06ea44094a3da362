"""`adamerging`: merge coefficients that make the merged model's predictions certain, found without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import ConfigError
from ...metrics import check_preference
from ...tasks.precision import master_type
from ...tasks.problem import Batch, Budget, Problem
from ..bank_options import BankOptions
from ..counted_passes import CountedPasses
from ..learner import Context, Learner
from ..needs import Needs, TrainingSteps
from ..pareto_set import FiniteSet, ParetoSet
from ..ranges import Choice, Range
from ..training import Training, train
from ..whole_set.upscale_rules import weights_of_modules, weights_of_tensors
from ..whole_set.upscaling import UpscaledModel
from .class_predictions import require_class_predictions


def entropy(log_probabilities: Tensor) -> Tensor:
    """Return the mean entropy, in nats, of predictions (n, classes) given by their logarithms."""
    return -(log_probabilities.exp() * log_probabilities).sum(dim=1).mean()


class AdaMergedSet(FiniteSet):
    """Holds one model, merged with coefficients that were trained.

    Args:
        problem: what is merged.
        model: the groups of weights that have coefficients of their own.
        raw: (groups, T) what was trained; coefficients are these, clamped to [0, 1].
    """

    def __init__(self, problem: Problem, model: UpscaledModel, raw: Tensor) -> None:
        super().__init__(
            problem.n_tasks,
            lambda _: model.merge(raw.detach().clamp(0, 1)),
            ["no preference"],
            total_parameters=problem.model_parameters,
        )
        self.trainable_parameters = raw.numel()
        self.training_diagnostics: Mapping[str, float] = {}
        self._parts = model.parts
        self._raw = raw

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return the trained coefficients (T,) by part of the model, the same for every preference."""
        check_preference(preference, self.n_tasks)
        return dict(zip(self._parts, self._raw.detach().clamp(0, 1).double().cpu().numpy(), strict=True))

    def state(self) -> Mapping[str, Tensor]:
        """Return `raw`, what was trained, (groups, T)."""
        return {"raw": self._raw.detach().clone()}

    def diagnostics(self) -> Mapping[str, float]:
        """Return the numbers of the training."""
        return self.training_diagnostics


class AdaMerging(Learner):
    """Trains merge coefficients on the entropy of predictions, without labels (AdaMerging, arXiv 2310.02575).

    The model is theta_0 + sum_t lambda_t tau_t. The lambdas minimise sum_t E_x H(p_t(x)), H being the entropy of the
    merged model's predictions for task t on unlabelled inputs of it, by Adam from 0.3 on, clamped to [0, 1]. As in the
    authors' code every weight takes part, whatever its layer: `tensors` gives each weight tensor T coefficients
    of its own (layer-wise AdaMerging), `model` gives T in all (task-wise). Buffers are merged with the coefficients
    that they start with, or those of the model.

    Departures: the authors adapt to the inputs of the test split and take two mini-batches a step; here inputs are
    those of the validation split (or the train split), the test split is never looked at, and a step takes one. It
    follows no preference and gives one model.
    """

    name: ClassVar[str] = "adamerging"

    @dataclass(frozen=True)
    class Config(BankOptions, Training):
        """Options of the coefficients and their training."""

        coefficients: Annotated[Literal["tensors", "model"], Choice(("tensors", "model"))] = "tensors"
        """What has coefficients of its own: every weight tensor (layer-wise), or the model (task-wise)."""
        initial: Annotated[float, Field(ge=0, le=1), Range(0.0, 1.0)] = 0.3
        """The coefficient of every task to begin with."""
        split: Literal["val", "train"] = "val"
        """Whose inputs are looked at; experts are surer of the train split, which they were trained on."""
        lr: Annotated[PositiveFloat | None, Range(1e-4, 1e-1, log=True)] = 1e-3
        """Adam's initial learning rate."""
        final_lr_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
        """The learning rate falls along a cosine to this share of its initial value (1: it stays)."""
        steps: Annotated[PositiveInt | None, Range(50, 8000, log=True, costs=True)] = 500
        """Optimizer steps."""
        batch_size: Annotated[PositiveInt | None, Range(4, 64, log=True, costs=True)] = 16
        """Examples per task and step."""

    config: Config

    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ParetoSet:
        """Train the coefficients.

        Raises:
            UnsupportedError: the problem predicts no classes.
            DivergenceError: the entropy became NaN or infinite.
        """
        recipe = self.resolved(problem)
        model = self._model(problem)
        dtype = master_type(bank.dtype for bank in model.banks)
        shape = (len(model.parts), problem.n_tasks)
        raw = torch.full(shape, self.config.initial, dtype=dtype, device=model.banks[0].device).requires_grad_()

        def descend(batch: Batch) -> Tensor:
            return _descend(problem, model, raw, batch)

        step = CountedPasses(problem, descend)
        train(
            [raw],
            problem.batches(self.config.split, recipe.batch_size, context.generator("batches")),
            step,
            recipe,
            context,
            partial_set=lambda: AdaMergedSet(problem, model, raw),
        )
        found = AdaMergedSet(problem, model, raw.detach())
        found.training_diagnostics = step.diagnostics()
        return found

    def restore(
        self, problem: Problem, state: Mapping[str, Tensor], preferences: NDArray[np.float64], context: Context
    ) -> ParetoSet:
        """Make the set from its saved coefficients.

        Raises:
            ConfigError: the state does not fit this configuration and problem.
        """
        model = self._model(problem)
        expected = (len(model.parts), problem.n_tasks)
        if set(state) != {"raw"} or tuple(state["raw"].shape) != expected:
            found = {name: tuple(tensor.shape) for name, tensor in state.items()}
            raise ConfigError(
                "the saved state does not fit this configuration and problem: expected raw coefficients of shape "
                f"{expected}, found {found}"
            )
        return AdaMergedSet(problem, model, state["raw"].to(model.banks[0].device))

    def check(self, problem: Problem) -> None:
        """Refuse a problem that predicts no classes.

        Raises:
            UnsupportedError: it has no `log_probabilities`.
        """
        super().check(problem)
        require_class_predictions(problem, self.name)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the inputs that are looked at; no labels are."""
        recipe = self.resolved(problem)
        seen = recipe.steps * recipe.batch_size
        training = self.training_steps(problem.budget, preferences)
        return Needs(
            unlabelled_examples=sum(min(seen, held) for held in problem.n_examples(self.config.split)),
            gradient_examples=training.examples(problem),
            forward_examples=0,
            training=training,
        )

    def training_steps(self, budget: Budget, preferences: NDArray[np.float64]) -> TrainingSteps:
        """Return the optimizer steps of the one training."""
        n_tasks = np.shape(preferences)[1]
        recipe = self.resolved_for(budget, n_tasks)
        return TrainingSteps(1, recipe.steps, n_tasks * recipe.batch_size)

    def _model(self, problem: Problem) -> UpscaledModel:
        """Return the groups of weights that have coefficients of their own; every weight is in one."""
        by_tensor = self.config.coefficients == "tensors"
        groups = weights_of_tensors(problem) if by_tensor else weights_of_modules(problem, "model")
        return UpscaledModel(problem, groups, rest_coefficient=0.0, options=self.config)


def _descend(problem: Problem, model: UpscaledModel, raw: Tensor, batch: Batch) -> Tensor:
    """Leave the gradient of the tasks' summed entropies in the raw coefficients, and return that sum, detached.

    Tasks take a forward and a backward pass each, so that one task's activations are held at a time.
    """
    weights = model.merge(raw.clamp(0, 1))
    outputs = {name: weight for name, weight in weights.items() if weight.requires_grad}
    leaves = {name: weight.detach().requires_grad_() for name, weight in outputs.items()}
    total = raw.new_zeros(())
    for t in range(problem.n_tasks):
        uncertainty = entropy(problem.log_probabilities(t, {**weights, **leaves}, batch))
        uncertainty.backward()  # type: ignore[no-untyped-call] # torch has no types here
        total += uncertainty.detach()
    reached = {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
    torch.autograd.backward([outputs[name] for name in reached], list(reached.values()))
    return total
