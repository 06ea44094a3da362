"""`palora`: one model and low-rank adapters of every task, which the preference mixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import PositiveFloat, PositiveInt

from ...tasks.problem import Problem
from ..flat_weights import FlatWeights, trained_names
from ..learner import Context
from ..ranges import Choice, Range
from .annealed_preferences import annealed_dirichlet, annealed_lattice
from .conditioned_learner import ConditionedTraining
from .conditioned_set import FlatSet
from .sampled_step import SampledStep
from .task_adapters import AdaptedWeights, TaskAdapters


class Palora(SampledStep):
    """Trains one model and T low-rank adapters of its matrices (PaLoRA, Dimitriadis et al., arXiv 2407.08056).

    The weights for r are W + alpha / rank sum_t r_t B_t A_t (equation 2); all of W, A and B are trained on sum_t r_t
    loss_t, the adapters at T times the learning rate. Preferences move from the middle to single tasks as the
    training goes on, so that W learns what tasks share first. Departures: starts at the pre-trained model; every
    matrix has adapters, the authors' code knows linear and convolutional layers only; vectors are shared between
    preferences, as there, but where a problem has nothing but vectors they have adapters of rank 1.
    """

    name: ClassVar[str] = "palora"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Options of the adapters; learning rate, steps and batch size are the suite's unless set."""

        rank: Annotated[PositiveInt, Range(1, 64, log=True, costs=True)] = 4
        """Rank of every task's adapter (code: 4 for scenes, 1 for digits)."""
        lora_alpha: Annotated[PositiveFloat, Range(0.25, 16.0, log=True)] = 1.0
        """Scale of the adapters, divided by the rank (code: 1)."""
        sampling: Annotated[Literal["drawn", "even"], Choice(("drawn", "even"))] = "drawn"
        """Preferences are drawn ever nearer to single tasks (code: for three and more), or even and move apart
        (paper)."""
        samples: Annotated[PositiveInt, Range(1, 8, log=True, costs=True)] = 1
        """Preferences a step (code: 1 drawn, 6 evenly spaced); evenly spaced ones are 2 at least. Each costs a forward
        and backward pass of the model."""

    config: Config

    def trainings(self, problem: Problem) -> int:
        """Return 1: one model is trained whole, and its adapters with it."""
        return 1

    @property
    def uses_experts(self) -> bool:
        """False: all starts at the pre-trained model."""
        return False

    def samples_per_step(self, n_tasks: int) -> int:
        """Return how many preferences a step has; evenly spaced ones may be more than were asked for."""
        if self.config.sampling == "even":
            return len(annealed_lattice(n_tasks, max(self.config.samples, 2), 0.0))
        return self.config.samples

    def untrained(self, problem: Problem, generator: torch.Generator) -> FlatSet:
        """Make the set that answers every preference with the pre-trained model."""
        weights = FlatWeights(problem, trained_names(problem))
        matrices = [name for name in weights.names if problem.pretrained[name].ndim >= 2]
        adapted = matrices or weights.names
        adapters = [
            TaskAdapters(
                problem.pretrained[name].shape,
                self.config.rank,
                problem.n_tasks,
                scaling=self.config.lora_alpha / self.config.rank,
                speed=problem.n_tasks,
                generator=generator,
            )
            for name in adapted
        ]
        start = weights.join(problem.pretrained)
        network = AdaptedWeights(start, adapters, [weights.columns[name] for name in adapted])
        return FlatSet(problem, weights, network.to(start.device, start.dtype))

    def draws(self, problem: Problem, context: Context) -> Iterator[Any]:
        """Yield what the steps see: preferences (samples, T) of the moment, and T mini-batches."""
        config = self.resolved(problem)
        rng = context.rng("preferences")
        batches = problem.batches("train", config.batch_size, context.generator("batches"))
        for step, batch in enumerate(batches):
            time = min(step / config.steps, 1.0)
            if config.sampling == "even":
                yield annealed_lattice(problem.n_tasks, max(config.samples, 2), time), batch
            else:
                yield annealed_dirichlet(problem.n_tasks, config.samples, config.dirichlet_alpha, time, rng), batch
