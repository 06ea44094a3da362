"""A fit that is watched for what it leaves behind besides its set."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..harness.running.evaluate import evaluate
from ..methods import ParetoSet
from ..tasks import Problem
from .counted_examples import counted_examples
from .global_randomness import global_randomness


@dataclass(frozen=True)
class WatchedFit:
    """What one fit did; one fit serves several tests, because fits take most of the time."""

    objectives: NDArray[np.float64]
    """The (n, T) errors of the set that was learned."""
    tensors_left: tuple[str, ...]
    """Shapes of the tensors that were still in memory when the set was gone."""
    problem_changes: tuple[str, ...]
    """What the fit changed in the problem's weights, gradients and hooks."""
    randomness_used: tuple[str, ...]
    """The global random generators that it advanced or seeded."""
    gradient_examples: int
    """Examples that the fit took through the model with a graph for gradients, each as often as it did."""
    forward_examples: int
    """Examples that it took through the model without."""
    experts_read: bool
    """Whether the fit, or making a model of its set, read the experts."""


def watch(fit: Callable[[], ParetoSet], problem: Problem, preferences: NDArray[np.float64]) -> WatchedFit:
    """Fit a set, evaluate it and drop it, and return what it left behind.

    The problem must have been fitted and evaluated before, else what a first use keeps on purpose counts too.
    """
    before = dict(_state(problem))
    randomness = global_randomness()
    gc.freeze()  # objects that exist already are not looked at
    try:
        with counted_examples(problem) as counted:
            pareto_set = fit()
            gradients, forward = counted.total(gradients=True), counted.total(gradients=False)
            objectives = evaluate(problem, pareto_set, preferences).objectives
        del pareto_set
        gc.collect()
        tensors_left = tuple(
            str(tuple(found.shape)) for found in gc.get_objects() if type(found) in (Tensor, torch.nn.Parameter)
        )
    finally:
        gc.unfreeze()
    used = tuple(name for name, state in global_randomness().items() if state != randomness[name])
    return WatchedFit(
        objectives,
        tensors_left,
        tuple(_changes(before, problem)),
        used,
        gradient_examples=gradients,
        forward_examples=forward,
        experts_read=counted.experts_read,
    )


def _state(problem: Problem) -> Iterator[tuple[str, Tensor | int]]:
    """Yield (name, copy of a weight or number of a module's hooks) for everything that a fit might touch."""
    for owner, params in (("pretrained", problem.pretrained), *zip(problem.tasks, problem.experts, strict=True)):
        for name, tensor in params.items():
            yield f"{name} of {owner}", tensor.clone()
    for name, module in problem.model.named_modules():
        yield f"forward pre-hooks of {name or 'the model'}", len(module._forward_pre_hooks)


def _changes(before: dict[str, Tensor | int], problem: Problem) -> Iterator[str]:
    after = dict(_state(problem))
    for name in sorted(before.keys() ^ after.keys()):
        yield name
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        same = torch.equal(old, new) if isinstance(old, Tensor) and isinstance(new, Tensor) else old == new
        if not same:
            yield name
    for params in (problem.pretrained, *problem.experts):
        for name, tensor in params.items():
            if tensor.requires_grad:
                yield f"{name} requires gradients"
