"""The set of an up-scaled model, in which trained routers give every module its merge coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...metrics import check_preference
from ...tasks.precision import at_least_single
from ...tasks.problem import Batch, Problem
from ..expert_bank import ExpertBank
from ..gradients import backward, flat_gradient
from .conditioned_set import ConditionedSet
from .early_contraction import MergedLeaves, followed_to_coefficients
from .task_by_task import StoredActivations, losses_task_by_task
from .upscaling import UpscaledModel


class RoutedSet(ConditionedSet):
    """Answers with a model whose modules are merged by the coefficients that routers give for the preference.

    Args:
        problem: gives the losses.
        model: the up-scaled modules and their task vectors.
        routers: map a preference (T,) to coefficients (modules, E) of E experts, those of the first tasks.
    """

    def __init__(self, problem: Problem, model: UpscaledModel, routers: nn.Module) -> None:
        # One plain model and E task vectors of every up-scaled module, besides the routers (the paper's table 8).
        kept = problem.model_parameters + model.n_experts * model.upscaled_parameters
        super().__init__(problem, routers, kept_parameters=kept)
        self.model = model
        self._activations = StoredActivations()

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Return the weights merged by the routers' coefficients."""
        return self.model.merge(self.network(preference))

    @torch.no_grad()
    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return the routers' coefficients (T,) by module, 0 for tasks whose experts are not merged."""
        rows = self.network(self.as_input(check_preference(preference, self.n_tasks))).double().cpu().numpy()
        every = np.zeros((len(rows), self.n_tasks))
        every[:, : self.model.n_experts] = rows
        return dict(zip(self.model.parts, every, strict=True))

    def losses(self, preference: NDArray[np.float64], batch: Batch) -> Tensor:
        """Return the losses (T,) of the model for a preference, differentiable in the routers.

        Of a large model they can be followed backward once: a weight's gradient is then freed as soon as it has met
        its task vectors. Where that would keep too much of T forward passes, each task's backward pass comes at once.
        """
        coefficients: Tensor = self.network(self.as_input(preference))
        if not (self._is_large and coefficients.requires_grad):
            return at_least_single(self.problem.losses(self.model.merge(coefficients), batch))
        pieces = self._merged_pieces(coefficients)
        if self._activations.are_too_large(self.problem, self.model, pieces, batch):
            losses, derivatives = losses_task_by_task(self.problem, self.model, pieces, batch)
            if derivatives is None:
                return losses
            change = coefficients - coefficients.detach()  # of value 0, but not of derivative
            followed: Tensor = torch.tensordot(derivatives.to(change.dtype), change, dims=2)
            return losses + followed.to(losses.dtype)
        merged = MergedLeaves(self.model, pieces, copies=1)
        losses = at_least_single(self.problem.losses(merged.models[0], batch))
        return followed_to_coefficients(losses, merged, coefficients)

    def task_gradients(self, preference: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the base class does; a module's T gradients meet its task vectors at once and are then freed."""
        coefficients: Tensor = self.network(self.as_input(preference))
        losses, derivatives = self._losses_and_derivatives(self._merged_pieces(coefficients), batch)
        parameters = list(self.network.parameters())
        rows = coefficients.new_empty(self.n_tasks, self.trainable_parameters)
        for row, of_task in zip(rows, derivatives.to(coefficients.dtype), strict=True):
            gradients = torch.autograd.grad(coefficients, parameters, of_task, retain_graph=True)
            row.copy_(flat_gradient(parameters, gradients))
        return at_least_single(losses), rows

    def _losses_and_derivatives(self, pieces: Sequence[Sequence[Tensor]], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the losses (T,) of merged pieces and their derivatives in the coefficients (T, groups, E)."""
        if self._is_large and self._activations.are_too_large(self.problem, self.model, pieces, batch):
            losses, derivatives = losses_task_by_task(self.problem, self.model, pieces, batch)
            if derivatives is not None:
                return losses, derivatives
            backward(losses)  # says that nothing depends on them
        merged = MergedLeaves(self.model, pieces, copies=self.n_tasks)
        losses = self.problem.losses_by_model(merged.models, batch)
        backward(losses.sum())
        return losses.detach(), merged.derivatives()

    @property
    def _is_large(self) -> bool:
        return any(isinstance(bank, ExpertBank) for bank in self.model.banks)

    @torch.no_grad()
    def _merged_pieces(self, coefficients: Tensor) -> list[list[Tensor]]:
        return self.model.merge_pieces(coefficients)
