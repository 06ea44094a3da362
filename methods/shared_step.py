"""One training step that several processes may share; what it computes does not depend on how many they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..tasks.batch_shares import BatchShare, share_of_batch
from ..tasks.device_copies import sent_like
from ..tasks.problem import Batch, Problem
from .gradients import add_gradients, backward, flat_gradient, set_gradients
from .ranks import RankGroup
from .scalarization import Scalarization

Draw: TypeAlias = tuple[NDArray[np.float64], Batch]
"""A preference (T,) and T mini-batches."""


class Trained(Protocol):
    """What a shared step trains."""

    problem: Problem
    """Gives the mini-batches."""

    def losses(self, preference: NDArray[np.float64], batch: Batch) -> Tensor:
        """Return the losses (T,) for a preference, differentiable in what is trained."""

    def task_gradients(self, preference: NDArray[np.float64], batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the losses (T,) and their gradients (T, P) in what is trained, a new tensor."""


def shared_step(
    trained: Trained,
    parameters: Sequence[Tensor],
    scalarization: Scalarization,
    draws: Sequence[Draw],
    ranks: RankGroup,
) -> Tensor:
    """Leave the mean of the draws' scalarized gradients in the parameters; return the mean of their weighted losses.

    Where the number of ranks divides that of draws, each computes as many draws; else each takes a share of every
    batch. Losses, and gradients where the scalarization looks at them, are summed over the ranks before they are
    weighed, by every rank and in the order of the draws: so what a scalarization keeps from step to step is the
    same everywhere. A draw's graph is freed before the next of the same rank.

    Args:
        trained: gives losses and gradients.
        parameters: what is trained, P numbers in all, without gradients; where no loss reaches them these become 0.
        scalarization: weighs the tasks' losses.
        draws: what the step sees, the same on every rank.
        ranks: who share the step.

    Raises:
        ConfigError: no loss depends on the parameters, or a batch cannot be divided.
        RankError: another rank has ended or does not answer.
    """
    losses: list[Tensor] = []
    for turn in _turns(trained.problem, draws, ranks):
        if scalarization.needs_gramian:
            losses += _follow_gradients(trained, parameters, scalarization, turn, ranks)
        else:
            losses += _follow_losses(trained, parameters, scalarization, turn, ranks)
    if not scalarization.needs_gramian:
        _sum_gradients(parameters, ranks)
    return torch.stack(losses).sum()


@dataclass(frozen=True)
class _Turn:
    """What the ranks compute at once: a draw each, or shares of one draw."""

    preferences: Sequence[NDArray[np.float64]]
    """Of the draws, (T,) each."""
    own: int
    """The position of the draw that this rank computes."""
    share: BatchShare | None
    """What this rank computes of that draw's batch; None for nothing."""
    scale: float
    """The share of each draw in the step's mean."""


def _turns(problem: Problem, draws: Sequence[Draw], ranks: RankGroup) -> Iterator[_Turn]:
    """Yield what the ranks do one after the other in a step."""
    scale = 1 / len(draws)
    if len(draws) % ranks.count == 0:
        for first in range(0, len(draws), ranks.count):
            together = draws[first : first + ranks.count]
            whole = BatchShare(together[ranks.own][1], (1.0,) * problem.n_tasks)
            yield _Turn([preference for preference, _ in together], ranks.own, whole, scale)
    else:
        for preference, batch in draws:
            yield _Turn([preference], 0, share_of_batch(problem, batch, ranks.own, ranks.count), scale)


def _follow_losses(
    trained: Trained, parameters: Sequence[Tensor], scalarization: Scalarization, turn: _Turn, ranks: RankGroup
) -> list[Tensor]:
    """Add this rank's part of the turn's gradient to that of the parameters; return the draws' weighted losses.

    A mean loss is the weighted sum of those of the shares, so its derivative in the scalarized loss, which may depend
    on all losses, is known once these have been summed.
    """
    summed = parameters[0].new_zeros(len(turn.preferences), trained.problem.n_tasks)
    own: Tensor | None = None
    if turn.share is not None:
        losses = trained.losses(turn.preferences[turn.own], turn.share.batch)
        own = losses * sent_like(turn.share.weights, losses)
        summed[turn.own] = own.detach()
    ranks.sum_(summed)
    found = []
    for position, preference in enumerate(turn.preferences):
        of_draw = summed[position].clone().requires_grad_()
        loss = turn.scale * scalarization.loss(of_draw, preference)
        (slopes,) = torch.autograd.grad(loss, of_draw)
        found.append(loss.detach())
        if own is not None and position == turn.own:
            backward(slopes.to(own.dtype) @ own)
    return found


def _follow_gradients(
    trained: Trained, parameters: Sequence[Tensor], scalarization: Scalarization, turn: _Turn, ranks: RankGroup
) -> list[Tensor]:
    """Add the turn's gradient to that of the parameters; return the draws' weighted losses.

    Every rank solves the same programme, by the same sums.
    """
    n_tasks, size = trained.problem.n_tasks, sum(parameter.numel() for parameter in parameters)
    summed = parameters[0].new_zeros(len(turn.preferences), n_tasks)
    gradients: Tensor | None = None
    if turn.share is not None:
        losses, gradients = trained.task_gradients(turn.preferences[turn.own], turn.share.batch)
        weights = sent_like(turn.share.weights, losses)
        summed[turn.own] = losses * weights
        gradients.mul_(weights.to(gradients.dtype)[:, None])
    if len(turn.preferences) == 1 and gradients is not None:
        matrices = gradients[None]  # of a whole model they are too large to be copied
    else:
        matrices = parameters[0].new_zeros(len(turn.preferences), n_tasks, size)
        if gradients is not None:
            matrices[turn.own] = gradients
    ranks.sum_(summed)
    ranks.sum_(matrices)
    found = []
    for of_draw, matrix, preference in zip(summed, matrices, turn.preferences, strict=True):
        loss, direction = scalarization.combined(of_draw, matrix, preference)
        add_gradients(parameters, direction if turn.scale == 1 else direction * turn.scale)
        found.append(loss * turn.scale)
    return found


def _sum_gradients(parameters: Sequence[Tensor], ranks: RankGroup) -> None:
    """Replace the gradients of the parameters by their sums over the ranks, by one flat sum.

    What nothing has reached has no gradient, and counts with zeros, as routers of modules that never run do. Torch's
    `DistributedDataParallel` would wait for each, and stop at the second step.
    """
    (first, *others) = parameters
    if not others:  # of a whole model they are too large to be copied
        first.grad = torch.zeros_like(first) if first.grad is None else first.grad
        ranks.sum_(first.grad)
        return
    gradient = flat_gradient(parameters, [parameter.grad for parameter in parameters])
    ranks.sum_(gradient)
    set_gradients(parameters, gradient)
