"""Measure the first steps of a fit on a device: tensor memory, and the time of a step and of an evaluation."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from ...methods import Learner
from ...methods.learner import Context
from ...tasks.problem import Problem

WARM_UP = 2
"""Steps before those that are timed."""
MOST_EVALUATED = 4096
"""Test examples, all tasks together, up to which one model is evaluated on them to see how long it takes."""


@dataclass(frozen=True)
class MeasuredFit:
    """What was measured; the peak is that of one training's first steps."""

    peak_bytes: int
    """The most memory of tensors, by torch's allocator, the problem included."""
    reserved_bytes: int | None
    """The most that torch had taken of a GPU; None on the CPU."""
    step_s: tuple[float, ...]
    """Seconds of every timed step."""
    evaluation_s: float | None
    """Seconds that one model takes on the test split; None where that has too many examples to try."""

    @property
    def median_s(self) -> float:
        """The median of the steps."""
        return statistics.median(self.step_s)


def measure_fit(learner: Learner, problem: Problem, *, steps: int = 5) -> MeasuredFit:
    """Run the first steps of a fit twice, once for memory and once for time, and evaluate one model.

    Args:
        learner: trains by gradient steps, as its option `steps` says.
        problem: on the device.
        steps: how many are timed, after two that are not.
    """
    peak, reserved = measure_memory(learner, problem)
    return MeasuredFit(peak, reserved, _times(learner, problem, WARM_UP + steps)[WARM_UP:], _evaluation(problem))


def tensor_bytes(problem: Problem) -> int:
    """Return the bytes of a problem's weights, heads and buffers on its device, every storage once."""
    heads = getattr(problem, "heads", ())
    tensors: list[Tensor] = [tensor for params in (problem.pretrained, *problem.experts) for tensor in params.values()]
    tensors += [tensor for module in (problem.model, *heads) for tensor in (*module.parameters(), *module.buffers())]
    # Tensors of one mapped file share a storage, of which each is a part.
    own = {tensor.data_ptr(): tensor.nbytes for tensor in tensors if tensor.device == problem.device}
    return sum(own.values())


def measure_memory(learner: Learner, problem: Problem) -> tuple[int, int | None]:
    """Return the peak of two steps in bytes, and what torch had taken of a GPU."""
    if problem.device.type == "cuda":
        torch.cuda.synchronize(problem.device)
        torch.cuda.reset_peak_memory_stats(problem.device)
        _fit(learner, problem, 2)
        torch.cuda.synchronize(problem.device)
        return torch.cuda.max_memory_allocated(problem.device), torch.cuda.max_memory_reserved(problem.device)
    held = tensor_bytes(problem)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        _fit(learner, problem, 2)
    assert profiled.profiler is not None  # for the type checker
    events: list[Any] = [one for one in profiled.profiler.kineto_results.events() if one.name() == "[memory]"]
    changes = [one.nbytes() for one in sorted(events, key=lambda one: one.start_ns())]
    return held + max(itertools.accumulate(changes, initial=0)), None


def _times(learner: Learner, problem: Problem, steps: int) -> tuple[float, ...]:
    """Return the seconds of every step."""
    moments: list[float] = []

    def note(*_: object, **__: object) -> None:
        if problem.device.type == "cuda":
            torch.cuda.synchronize(problem.device)
        moments.append(time.perf_counter())

    batches = problem.batches

    def noted(*args: Any) -> Iterator[Any]:
        for batch in batches(*args):
            note()
            yield batch

    def last(_: str, step: int, __: int, **___: object) -> None:
        if step == steps:
            note()

    vars(problem)["batches"] = noted
    try:
        _fit(learner, problem, steps, last)
    finally:
        del vars(problem)["batches"]
    per_step = (len(moments) - 1) // steps  # batches of a step
    ends = moments[::per_step]
    return tuple(end - start for start, end in itertools.pairwise(ends))


def _fit(learner: Learner, problem: Problem, steps: int, progress: Any = None) -> None:
    short = type(learner)(dataclasses.replace(learner.config, steps=steps))
    preferences = np.full((1, problem.n_tasks), 1 / problem.n_tasks)
    told = {} if progress is None else {"progress": progress}
    short.fit(problem, preferences, Context(device=str(problem.device), **told))


def _evaluation(problem: Problem) -> float | None:
    n_examples = sum(problem.n_examples("test"))
    if n_examples > MOST_EVALUATED:
        return None
    problem.evaluate(problem.pretrained, "test")  # what is found out once is found out here
    start = time.perf_counter()
    problem.evaluate(problem.pretrained, "test")
    return time.perf_counter() - start
