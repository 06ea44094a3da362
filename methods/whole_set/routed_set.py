"""The set of an up-scaled model, in which trained routers give every module its merge coefficients."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...metrics import check_preference
from ...tasks.precision import at_least_single, master_type
from ...tasks.problem import Batch, Problem
from ..task_vectors import TaskVectorBank
from .conditioned_set import ConditionedSet, backward, flat_gradient
from .upscaling import UpscaledModel


class RoutedSet(ConditionedSet):
    """Answers with a model whose modules are merged by the coefficients that routers give for the preference.

    Args:
        problem: gives the losses.
        model: the up-scaled modules and their task vectors.
        routers: map a preference (T,) to coefficients (modules, T).
    """

    def __init__(self, problem: Problem, model: UpscaledModel, routers: nn.Module) -> None:
        # One plain model and T task vectors of every up-scaled module, besides the routers (the paper's table 8).
        kept = problem.model_parameters + problem.n_tasks * model.upscaled_parameters
        super().__init__(problem, routers, kept_parameters=kept)
        self.model = model

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Return the weights merged by the routers' coefficients."""
        return self.model.merge(self.network(preference))

    @torch.no_grad()
    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return the routers' coefficients (T,) by module."""
        rows = self.network(self.as_input(check_preference(preference, self.n_tasks)))
        return dict(zip(self.model.parts, rows.double().cpu().numpy(), strict=True))

    def task_gradients(self, preference: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the base class does; a module's T gradients meet its task vectors at once and are then freed."""
        coefficients: Tensor = self.network(self.as_input(preference))
        with torch.no_grad():
            flats = self.model.merge_flat(coefficients)
        # T leaves for every bank of a module, on one storage: backward keeps the tasks' gradients apart.
        leaves = [[flat.detach().requires_grad_() for flat in flats] for _ in range(self.n_tasks)]
        contractions = [
            _Contraction([of_task[b] for of_task in leaves], bank) for b, bank in enumerate(self.model.banks)
        ]
        losses = self.problem.losses_by_model([self.model.assembled(own) for own in leaves], batch)
        backward(losses.sum())
        in_coefficients = self._by_module([contraction.finish().to(coefficients.dtype) for contraction in contractions])
        parameters = list(self.network.parameters())
        rows = coefficients.new_empty(self.n_tasks, self.trainable_parameters)
        for row, of_task in zip(rows, in_coefficients, strict=True):
            gradients = torch.autograd.grad(coefficients, parameters, of_task, retain_graph=True)
            row.copy_(flat_gradient(parameters, gradients))
        return at_least_single(losses.detach()), rows

    def _by_module(self, found: Sequence[Tensor]) -> Tensor:
        """Return the banks' derivatives, each (T, T), as those of the modules (T, modules, T); a module's are added."""
        of_modules: list[list[Tensor]] = [[] for _ in self.model.parts]
        for row, part in zip(self.model.rows, found, strict=True):
            of_modules[row].append(part)
        return torch.stack([functools.reduce(torch.add, parts) for parts in of_modules], dim=1)


class _Contraction:
    """Contracts one module's T gradients with its task vectors, during backward, as soon as all have arrived.

    Args:
        leaves: T tensors, the module's weights for each task.
        bank: the module's T task vectors.
    """

    def __init__(self, leaves: Sequence[Tensor], bank: TaskVectorBank) -> None:
        self._leaves = leaves
        self._bank = bank
        self._waiting = len(leaves)
        self._found = bank.base.new_zeros(len(leaves), len(bank.rows), dtype=master_type([bank.dtype]))
        self._hooks: list[RemovableHandle] = [
            leaf.register_post_accumulate_grad_hook(self._arrived)  # type: ignore[no-untyped-call] # torch has no types here
            for leaf in leaves
        ]

    def finish(self) -> Tensor:
        """Return the derivatives (T, T) of task t's loss in the coefficient of expert i; 0 where t does not use it."""
        for hook in self._hooks:
            hook.remove()  # a leaf that its own hook holds is never freed
        if self._waiting:
            self._contract()
        return self._found

    def _arrived(self, _: Tensor) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._contract()

    def _contract(self) -> None:
        arrived = [t for t, leaf in enumerate(self._leaves) if leaf.grad is not None]
        if arrived:
            gradients = torch.stack([leaf.grad for leaf in self._leaves if leaf.grad is not None])
            self._found[arrived] = self._bank.contract(gradients)
        for leaf in self._leaves:
            leaf.grad = None
