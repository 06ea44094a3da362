"""The training loop of every learner that trains: Adam with a cosine schedule, progress and checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ..errors import ConfigError, DivergenceError
from ..tasks.precision import is_half
from ..tasks.problem import Problem
from .learner import Context
from .pareto_set import ParetoSet
from .ranges import Range

REPORT_EVERY = 10
"""Steps between two reports of progress; reading the loss makes a GPU wait for the CPU."""

Input = TypeVar("Input")


@dataclass(frozen=True)
class Training:
    """Options of every learner that trains; learning rate, steps and batch size are the suite's unless set."""

    lr: Annotated[PositiveFloat | None, Range(1e-5, 1e-1, log=True)] = None
    """Adam's initial learning rate."""
    final_lr_ratio: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The learning rate falls along a cosine to this share of its initial value."""
    steps: Annotated[PositiveInt | None, Range(50, 8000, log=True, costs=True)] = None
    """Optimizer steps (paper: 4000)."""
    batch_size: Annotated[PositiveInt | None, Range(4, 64, log=True, costs=True)] = None
    """Examples per task and step (paper: 16)."""

    def labels_seen(self, problem: Problem) -> int:
        """Count the distinct labelled examples that one training sees; nothing may be unset."""
        assert self.steps is not None  # for the type checker
        assert self.batch_size is not None
        return sum(min(self.steps * self.batch_size, held) for held in problem.n_examples("train"))


class Stateful(Protocol):
    """Something that is kept from step to step and saved with the parameters, such as a scalarization."""

    @property
    def phase(self) -> int:
        """A number that changes where a step first follows another goal than the steps before."""

    def state(self) -> Mapping[str, Any]:
        """Return the state, for a checkpoint."""

    def load_state(self, state: Mapping[str, Any], /) -> None:
        """Take back what `state` returned."""


def finite_loss(loss: Tensor, step: int, lr: float) -> float:
    """Return the value of a loss, a scalar.

    Raises:
        DivergenceError: it is NaN or infinite.
    """
    value = float(loss.detach())
    if not math.isfinite(value):
        raise DivergenceError(f"the loss is {value} at step {step}; lower lr (now {lr})")
    return value


def train(
    parameters: Sequence[Tensor],
    inputs: Iterator[Input],
    step: Callable[[Input], Tensor],
    recipe: Training,
    context: Context,
    *,
    name: str = "fit",
    stateful: Stateful | None = None,
    done_steps: int = 0,
    total_steps: int | None = None,
    partial_set: Callable[[], ParetoSet] | None = None,
) -> None:
    """Train `parameters` in place by Adam, from the last checkpoint where there is one.

    Args:
        parameters: leaves that require gradients.
        inputs: what the steps see, one item a step; a resumed training skips those that were used.
        step: a function that leaves gradients in the parameters and returns the scalar loss, minimised.
        recipe: steps and learning rate; nothing may be unset.
        context: told the progress; its checkpoints keep the state, its probe is called with the partial set.
        name: the checkpoint's name.
        stateful: what the step keeps besides the parameters.
        done_steps, total_steps: steps of the fit before this training, and of the whole fit, if it trains several.
        partial_set: a function that makes the set of the present parameters, where they make one before the end.

    Raises:
        ConfigError: a parameter is in half precision, in which Adam's epsilon is 0 and small steps are lost.
        DivergenceError: the loss became NaN or infinite.
    """
    assert recipe.steps is not None  # for the type checker: resolved
    assert recipe.lr is not None
    if any(is_half(parameter.dtype) for parameter in parameters):
        raise ConfigError("parameters are trained in single precision or better, found half; see `FlatWeights`")
    optimizer = torch.optim.Adam(parameters, lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=recipe.steps, eta_min=recipe.lr * recipe.final_lr_ratio
    )
    first = 1
    saved = context.checkpoints.load(name, parameters[0].device)
    if saved is not None:
        first = saved["step"] + 1
        with torch.no_grad():
            for parameter, value in zip(parameters, saved["parameters"], strict=True):
                parameter.copy_(value)
        if first <= recipe.steps:
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            for _ in range(saved["step"]):
                next(inputs)
        if stateful is not None:
            stateful.load_state(saved["extra_state"] if "extra_state" in saved else saved["further"])  # of 0.1.0
    for number in range(first, recipe.steps + 1):
        optimizer.zero_grad()
        phase = None if stateful is None else stateful.phase
        loss = step(next(inputs))
        if stateful is not None and stateful.phase != phase:
            optimizer.state.clear()  # moments of another goal's gradients would lead astray for many steps
        optimizer.step()
        schedule.step()
        last = number == recipe.steps
        if number % REPORT_EVERY == 0 or last:
            value = finite_loss(loss, number, recipe.lr)
            if context.checkpoints.due or last:
                context.checkpoints.save(
                    name,
                    {
                        "step": number,
                        "parameters": [parameter.detach() for parameter in parameters],
                        "optimizer": optimizer.state_dict() if not last else {},
                        "schedule": schedule.state_dict(),
                        "extra_state": {} if stateful is None else dict(stateful.state()),
                    },
                )
            done, total = done_steps + number, total_steps or recipe.steps
            context.progress("fit", done, total, loss=value)
            if partial_set is not None and done < total:
                context.probe(done, total, partial_set)
