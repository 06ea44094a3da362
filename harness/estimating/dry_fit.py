"""Run a learner's own fit for a few steps on tensors without values, and follow what is in memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from ...methods import Learner
from ...methods.learner import Context
from ...methods.pareto_set import ParetoSet
from ...tasks.examples import Examples
from ...tasks.fake_weights import standing_for
from ...tasks.objectives import Objectives
from ...tasks.problem import Problem
from ...tasks.rows import map_tensors
from .live_storages import LiveStorages
from .memory_parts import MemoryPart, Peak, peak_between
from .stand_in_values import fake_tensors, replaced

GIVEN_WEIGHTS = ("losses", "task_loss", "losses_by_model", "log_probabilities")
"""The methods of a problem that are given the weights to run the model with."""


@dataclass(frozen=True)
class Posed:
    """What poses a problem without values."""

    pose: Callable[[Callable[[Tensor], Tensor]], Problem]
    """Poses it on fake tensors, given a function that makes a tensor fake."""
    data_bytes: int
    """What its examples take of the device, where they are kept there."""


@dataclass(frozen=True)
class DryFit:
    """What a fit had in memory, in bytes, and the set that it made, without values."""

    held: Peak
    """The problem itself, before the fit."""
    before: Peak
    """The most before the first step."""
    steps: Peak
    """The most in the steps."""
    found: ParetoSet
    batch_size: int
    """Examples per task and step."""
    had_state: bool
    """Whether the optimizer's state was there from the first step on."""


def dry_problem(posed: Posed) -> Peak:
    """Return what a problem itself has in memory, in bytes."""
    live = LiveStorages()
    with fake_tensors() as mode, live:
        _posed(posed, mode, live)
        return _now(live)


def dry_fit(learner: Learner, posed: Posed, device_type: str) -> DryFit:
    """Fit for a few steps without values.

    Args:
        learner: trains by gradient steps, as its option `steps` says.
        posed: poses the problem, where all tensors are fake.
        device_type: the device that memory is counted for, cpu or cuda.
    """
    found = _dry_fit(learner, posed, device_type, steps=1)
    # Where the optimizer had no state before the first step, it keeps it beside all else in the second.
    return found if found.had_state else _dry_fit(learner, posed, device_type, steps=2)


def _dry_fit(learner: Learner, posed: Posed, device_type: str, *, steps: int) -> DryFit:
    live = LiveStorages()
    short = type(learner)(dataclasses.replace(learner.config, steps=steps))
    with standing_for(device_type), fake_tensors() as mode, live:
        problem = _posed(posed, mode, live)
        live.making = MemoryPart.TASK_VECTORS if learner.uses_experts else MemoryPart.WEIGHTS
        held, prepared = _now(live), live.moment()
        watch = _Watch(problem, live, mode)
        preferences = np.full((1, problem.n_tasks), 1 / problem.n_tasks)
        with watch.optimizers(device_type):
            found = short.fit(problem, preferences, Context())
    return DryFit(
        held=held,
        before=peak_between(live.storages, prepared, watch.start),
        steps=peak_between(live.storages, watch.start, watch.end),
        found=found,
        batch_size=watch.batch_size,
        had_state=watch.had_state,
    )


def _now(live: LiveStorages) -> Peak:
    """Return what is in memory now."""
    now = live.moment()
    return peak_between(live.storages, now, now + 1)


def _posed(posed: Posed, mode: FakeTensorMode, live: LiveStorages) -> Problem:
    """Pose a problem, and say what its tensors are for."""
    problem = posed.pose(mode.from_tensor)
    live.hold(posed.data_bytes, MemoryPart.DATA)
    live.assign(problem.pretrained.values(), MemoryPart.WEIGHTS)
    for head in getattr(problem, "heads", ()):
        live.assign([*head.parameters(), *head.buffers()], MemoryPart.WEIGHTS)
    live.assign(problem.model.buffers(), MemoryPart.WEIGHTS)
    for expert in problem.experts:
        live.assign(expert.values(), MemoryPart.TASK_VECTORS)
    return problem


class _Watch:
    """Looks on as a learner uses a problem: when steps begin and end, and which weights the model is run with.

    Args:
        problem: its methods are replaced by watched ones; it is evaluated to stand-ins.
        live: the storages.
        mode: makes batches fake.
    """

    def __init__(self, problem: Problem, live: LiveStorages, mode: FakeTensorMode) -> None:
        self.start = self.end = live.moment()
        self._live, self._mode, self._problem = live, mode, problem
        self._batches = problem.batches
        self.batch_size = 0
        self.had_state = False
        watched: dict[str, Callable[..., Any]] = {name: self._watched(getattr(problem, name)) for name in GIVEN_WEIGHTS}
        for name, method in {**watched, "batches": self._fake_batches, "evaluate": self._evaluated}.items():
            setattr(problem, name, method)

    @contextlib.contextmanager
    def optimizers(self, device_type: str) -> Iterator[None]:
        """Watch all optimizers for a while; on CUDA they work on all weights at once, as torch has them do there."""

        zero_grad = torch.optim.Optimizer.zero_grad

        def first_made(optimizer: torch.optim.Optimizer, *args: Any, **given: Any) -> None:
            if not optimizer.state:
                self._make_state(optimizer)
            zero_grad(optimizer, *args, **given)

        def begin(optimizer: torch.optim.Optimizer, *_: object) -> None:
            for group in optimizer.param_groups:
                self._live.assign(group["params"], MemoryPart.WEIGHTS)
                if device_type == "cuda" and group.get("foreach", False) is None:
                    group["foreach"] = not group.get("fused")
            self._live.making = MemoryPart.OPTIMISER

        def finish(*_: object) -> None:
            self._live.making = MemoryPart.ACTIVATIONS
            self.end = self._live.moment()

        hooks = [register_optimizer_step_pre_hook(begin), register_optimizer_step_post_hook(finish)]
        try:
            with replaced(torch.optim.Optimizer, "zero_grad", first_made):
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def _make_state(self, optimizer: torch.optim.Optimizer) -> None:
        """Have an optimizer make its state, as its first step would."""
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        making, self._live.looks_on = self._live.making, False
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        for parameter in parameters:
            parameter.grad = None
        self._live.making, self._live.looks_on = making, True
        kept = [tensor for state in optimizer.state.values() for tensor in state.values() if torch.is_tensor(tensor)]
        self._live.assign(kept, MemoryPart.OPTIMISER)
        self.had_state = bool(kept)

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            for given in args:
                models = [given] if isinstance(given, Mapping) else given if isinstance(given, list) else []
                for model in models:
                    if isinstance(model, Mapping):
                        self._live.assign(model.values(), MemoryPart.MERGED, settled=False)
            return method(*args)

        return run

    def _fake_batches(self, split: str, batch_size: int, generator: torch.Generator) -> Iterator[Any]:
        with unset_fake_temporarily():
            batches = self._batches(split, batch_size, generator)
        while True:
            with unset_fake_temporarily():
                batch = next(batches)
            if self.batch_size == 0:
                self.start = self._live.moment()
                self._live.making = MemoryPart.ACTIVATIONS
                self.batch_size = batch_size
            yield _fake(batch)

    def _evaluated(self, *_: object) -> Objectives:
        return Objectives(np.full(self._problem.n_tasks, 0.5), np.ones(self._problem.n_tasks))


def _fake(batch: Any) -> Any:
    """Return a batch of fake tensors, new ones as those that a device is given."""

    def like(tensor: Tensor) -> Tensor:
        return torch.empty(tensor.shape, dtype=tensor.dtype)

    if isinstance(batch, (tuple, list)) and all(isinstance(part, Examples) for part in batch):
        return tuple(Examples(map_tensors(like, part.inputs), like(part.labels)) for part in batch)
    return map_tensors(like, batch)
