"""Losses of a merged model and their derivatives in the merge coefficients, with one task's activations at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from ...tasks.precision import at_least_single
from ...tasks.problem import Batch, Params, Problem
from ...tasks.rows import tensors_in
from .early_contraction import MergedLeaves
from .upscaling import UpscaledModel

LARGEST_ACTIVATIONS = 2**31
"""Bytes that a step keeps of all tasks' forward passes for the backward pass; where they would take more, the tasks go
one by one."""


class StoredActivations:
    """Tells whether a step keeps too much, from what one task's forward pass keeps, found once for batches of a shape.

    Free memory does not matter, so that a step is computed in the same way everywhere.
    """

    def __init__(self) -> None:
        self._bytes: dict[Hashable, int] = {}

    def are_too_large(
        self, problem: Problem, model: UpscaledModel, pieces: Sequence[Sequence[Tensor]], batch: Batch
    ) -> bool:
        """Return whether the forward passes of T mini-batches through what was merged keep too much."""
        shapes = tuple((tensor.shape, tensor.dtype) for tensor in tensors_in(batch))
        if shapes not in self._bytes:
            # Texts of several tasks may be padded to the longest.
            parts = batch if isinstance(batch, (list, tuple)) and len(batch) == problem.n_tasks else [batch]
            numbers = [sum(tensor.numel() for tensor in tensors_in(part)) for part in parts]
            leaves = [[piece.detach().requires_grad_() for piece in of_bank] for of_bank in pieces]
            passes = problem.forward_passes
            self._bytes[shapes] = kept_by_pass(problem, numbers.index(max(numbers)), model.assembled(leaves), batch)
            problem.forward_passes = passes
        return problem.n_tasks * self._bytes[shapes] > LARGEST_ACTIVATIONS


def kept_by_pass(problem: Problem, t: int, weights: Params, batch: Batch) -> int:
    """Return the bytes that autograd keeps of the forward pass of task `t`, besides weights; every storage once."""
    own = {_memory(tensor) for tensor in weights.values()}
    kept: dict[int, Tensor] = {}  # held until they are counted, so that no two have the same memory

    def keep(tensor: Tensor) -> Tensor:
        detached = tensor.detach()  # the tensor itself would keep the graph that keeps it
        kept.setdefault(_memory(tensor), detached)
        return detached

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        problem.task_loss(t, weights, batch)
    return sum(tensor.untyped_storage().nbytes() for memory, tensor in kept.items() if memory not in own)


def losses_task_by_task(
    problem: Problem, model: UpscaledModel, pieces: Sequence[Sequence[Tensor]], batch: Batch
) -> tuple[Tensor, Tensor | None]:
    """Return the losses (T,) and their derivatives in the coefficients (T, groups, E), None where they have none.

    Args:
        problem: gives the losses.
        model: the up-scaled modules and their task vectors.
        pieces: what it merged.
        batch: T mini-batches.
    """
    losses, rows, depends = [], [], False
    for t in range(problem.n_tasks):
        merged = MergedLeaves(model, pieces, copies=1)
        loss = problem.task_loss(t, merged.models[0], batch)
        losses.append(at_least_single(loss.detach()))
        if loss.requires_grad:
            depends = True
            loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        del loss
        rows.append(merged.derivatives()[0])
    return torch.stack(losses), torch.stack(rows) if depends else None


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
