"""Fine-tuning, by which an expert is made from the pre-trained model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import DivergenceError
from .precision import at_least_single
from .problem import Batch, Params
from .progress import Progress, silent


@dataclass(frozen=True)
class FineTuning:
    """The recipe of a fine-tuning: AdamW with a one-cycle learning rate."""

    steps: int
    """Optimizer steps."""
    batch_size: int
    """Examples a step."""
    peak_lr: float
    """The learning rate at 30 % of the steps, annealed to almost nothing at the end."""
    weight_decay: float = 0.01
    """AdamW's weight decay."""


def fine_tune(
    start: Params,
    trainable: Iterable[str],
    loss: Callable[[Params, Batch], Tensor],
    batches: Iterator[Batch],
    recipe: FineTuning,
    *,
    activity: str,
    progress: Progress = silent,
) -> dict[str, Tensor]:
    """Minimise a loss over some weights of a model and return the new weights; `start` is left as it is.

    Half-precision weights are trained in single precision, and come back in theirs.

    Args:
        start: the weights to begin with.
        trainable: names of the weights that are trained; the others stay.
        loss: function from weights and a batch to a scalar, minimised.
        batches: one item a step.
        recipe: steps, learning rate and weight decay.
        activity: what progress and messages call this.
        progress: told the steps that are done, with the loss.

    Raises:
        DivergenceError: the loss or a weight became NaN or infinite.
    """
    weights = {name: tensor.detach().clone() for name, tensor in start.items()}
    masters = {name: at_least_single(weights[name]).requires_grad_() for name in trainable}

    def rounded() -> dict[str, Tensor]:
        """Return the weights in the types of `start`, which are the masters themselves unless they are in half."""
        return {**weights, **{name: master.to(weights[name].dtype) for name, master in masters.items()}}

    optimizer = torch.optim.AdamW(list(masters.values()), lr=recipe.peak_lr, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.peak_lr, total_steps=recipe.steps, cycle_momentum=False
    )
    for step in range(1, recipe.steps + 1):
        value = loss(rounded(), next(batches))
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 10 == 0 or step == recipe.steps:
            current = float(value.detach())
            if not math.isfinite(current):
                raise DivergenceError(f"{activity}: the loss is {current} at step {step}; lower the peak learning rate")
            progress(activity, step, recipe.steps, loss=current)
    found = {name: tensor.detach() for name, tensor in rounded().items()}
    broken = [name for name in masters if not found[name].isfinite().all()]
    if broken:  # by the last step, whose loss nobody computes
        raise DivergenceError(f"{activity}: {broken[0]} is NaN or infinite at the end; lower the peak learning rate")
    return found
