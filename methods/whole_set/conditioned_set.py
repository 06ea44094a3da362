"""Sets that a trained network answers for, with weights that are differentiable in the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ConfigError
from ...metrics import check_preference
from ...tasks.device_copies import sent_like
from ...tasks.precision import at_least_single
from ...tasks.problem import Batch, Params, Problem
from ..flat_weights import FlatWeights
from ..gradients import backward, flat_gradient, set_gradients
from ..pareto_set import ParetoSet


class ConditionedSet(ParetoSet):
    """Answers a preference with a model that a trained network makes; subclasses say how in `weights_for`.

    Args:
        problem: gives the losses, and what is not trained.
        network: all that is trained, on the problem's device.
        kept_parameters: how many numbers are kept besides the network to answer any preference.
    """

    def __init__(self, problem: Problem, network: nn.Module, *, kept_parameters: int) -> None:
        self.n_tasks = problem.n_tasks
        self.problem = problem
        self.network = network
        self.trainable_parameters = sum(parameter.numel() for parameter in network.parameters())
        self.total_parameters = kept_parameters + self.trainable_parameters
        self.training_diagnostics: Mapping[str, float] = {}
        """Numbers that the training found worth recording."""

    @abstractmethod
    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Compute one model's weights for a preference (T,), differentiable in the network."""

    @torch.no_grad()
    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Return the weights for any preference (T,), without gradients."""
        return self.weights_for(self.as_input(check_preference(preference, self.n_tasks)))

    def as_input(self, preference: NDArray[np.float64]) -> Tensor:
        """Return a preference (T,) as a tensor on the network's device and of its type."""
        return sent_like(preference, next(self.network.parameters()))

    def losses(self, preference: NDArray[np.float64], batch: Batch) -> Tensor:
        """Return the losses (T,) of the model for a preference, differentiable in the network."""
        return at_least_single(self.problem.losses(self.weights_for(self.as_input(preference)), batch))

    def task_gradients(self, preference: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return losses (T,) and their gradients (T, P) in the network's P parameters, by one pass through the model.

        T leaves that share the merged weights' storage collect the tasks' gradients apart; each then goes back
        through the network alone.
        """
        weights = self.weights_for(self.as_input(preference))
        outputs = {name: tensor for name, tensor in weights.items() if tensor.requires_grad}
        fixed = {name: tensor for name, tensor in weights.items() if name not in outputs}
        leaves = [
            {name: tensor.detach().requires_grad_() for name, tensor in outputs.items()} for _ in range(self.n_tasks)
        ]
        losses = self.problem.losses_by_model([{**fixed, **own} for own in leaves], batch)
        backward(losses.sum())
        parameters = list(self.network.parameters())
        rows = parameters[0].new_empty(self.n_tasks, self.trainable_parameters)
        for row, own in zip(rows, leaves, strict=True):
            reached = {name: leaf.grad for name, leaf in own.items() if leaf.grad is not None}
            found = torch.autograd.grad(
                [outputs[name] for name in reached],
                parameters,
                list(reached.values()),
                retain_graph=True,
                allow_unused=True,
            )
            row.copy_(flat_gradient(parameters, found))
        return at_least_single(losses.detach()), rows

    def set_gradient(self, flat: Tensor) -> None:
        """Set the gradients of the network's parameters from one flat gradient (P,)."""
        set_gradients(list(self.network.parameters()), flat)

    def state(self) -> Mapping[str, Tensor]:
        """Return the network's weights; all else belongs to the problem."""
        return {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` returned.

        Raises:
            ConfigError: it does not fit the network.
        """
        try:
            self.network.load_state_dict(dict(state))
        except RuntimeError as error:
            found = " ".join(str(error).split())  # torch writes a line for each kind of difference
            raise ConfigError(f"the saved state does not fit this configuration and problem: {found}") from error

    def diagnostics(self) -> Mapping[str, float]:
        """Return the diagnostics of the training."""
        return self.training_diagnostics


class FlatSet(ConditionedSet):
    """Answers with the weights that a network makes as one flat tensor; buffers stay pre-trained.

    Args:
        problem: gives the losses.
        weights: the order of the flat tensor.
        network: maps a preference (T,) to weights (P,).
    """

    def __init__(self, problem: Problem, weights: FlatWeights, network: nn.Module) -> None:
        super().__init__(problem, network, kept_parameters=problem.model_parameters - weights.size)
        self._weights = weights

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Return what the network makes, by name, and the pre-trained buffers."""
        return {**self.problem.pretrained, **self._weights.named(self.network(preference))}
