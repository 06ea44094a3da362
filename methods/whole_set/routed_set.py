"""An up-scaled model with trained routers: every module has merge coefficients of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...tasks.problem import Batch, Problem
from .conditioned_set import ConditionedSet, flat_gradient
from .upscaling import UpscaledModel


class RoutedSet(ConditionedSet):
    """Fixing the preference unloads a plain model.

    Args:
        problem: the losses.
        model: the up-scaled modules and their task vectors.
        routers: from a preference (T,) to coefficients (modules, T).
    """

    def __init__(self, problem: Problem, model: UpscaledModel, routers: nn.Module) -> None:
        # One plain model and T task vectors of every up-scaled module, beside the routers (the paper's table 8).
        kept = problem.model_parameters + problem.n_tasks * model.upscaled_parameters
        super().__init__(problem, routers, kept_parameters=kept)
        self.model = model

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Merged with the routers' coefficients."""
        return self.model.merge(self.network(preference))

    def task_gradients(self, preference: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """As the base class; a module's T gradients are contracted with its task vectors at once and then freed."""
        coefficients: Tensor = self.network(self.as_input(preference))
        with torch.no_grad():
            flats = [bank.merge_flat(row) for bank, row in zip(self.model.banks, coefficients, strict=True)]
        # T leaves a module, on the same storage.
        leaves = [[flat.detach().requires_grad_() for flat in flats] for _ in range(self.n_tasks)]
        in_coefficients = coefficients.new_zeros(self.n_tasks, *coefficients.shape)
        hooks = []
        for m, bank in enumerate(self.model.banks):
            own = [of_task[m] for of_task in leaves]
            hooks += _when_all_have_gradients(own, self._contraction(own, bank.vectors, in_coefficients[:, m]))
        losses = self.problem.losses_by_model([self.model.assembled(own) for own in leaves], batch)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for hook in hooks:
            hook.remove()  # a leaf that its own hook holds is never freed
        parameters = list(self.network.parameters())
        rows = [
            flat_gradient(parameters, torch.autograd.grad(coefficients, parameters, of_task, retain_graph=True))
            for of_task in in_coefficients
        ]
        return losses.detach(), torch.stack(rows)

    @staticmethod
    def _contraction(leaves: Sequence[Tensor], vectors: Tensor, into: Tensor) -> Callable[[], None]:
        def contract() -> None:
            gradients = torch.stack([leaf.grad for leaf in leaves if leaf.grad is not None])
            into.copy_(gradients @ vectors.T)
            for leaf in leaves:
                leaf.grad = None

        return contract


def _when_all_have_gradients(leaves: Sequence[Tensor], act: Callable[[], None]) -> list[RemovableHandle]:
    """Call `act` during backward, as soon as the last of the leaves has its gradient; returns the hooks."""
    waiting = len(leaves)

    def arrived(_: Tensor) -> None:
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            act()

    return [
        leaf.register_post_accumulate_grad_hook(arrived)  # type: ignore[no-untyped-call]
        for leaf in leaves
    ]
