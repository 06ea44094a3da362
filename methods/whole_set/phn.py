"""`phn-ls`, `phn-epo`: Pareto hypernetworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ...tasks.problem import Problem
from ..checks import require_min_preference, require_positive
from ..flat_weights import FlatWeights, trained_names
from ..learner import Context
from ..ranges import Range
from ..scalarization import Scalarization
from ..scalarization.epo import Epo
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import ConditionedSet
from .hypernetwork import FORMS, ChunkedHead, Hypernetwork, require_memory


class HypernetworkShape(TypedDict):
    """What decides a hypernetwork's size beside the model's."""

    form: str
    hidden_size: int
    chunk_size: int


class HypernetworkSet(ConditionedSet):
    """The pre-trained weights plus what a hypernetwork adds to them; buffers stay pre-trained."""

    network: Hypernetwork

    def __init__(self, problem: Problem, weights: FlatWeights, network: Hypernetwork) -> None:
        super().__init__(problem, network, kept_parameters=problem.model_parameters)
        self._weights = weights
        self._start = weights.join(problem.pretrained)

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """theta_0 + shift(r)."""
        return {**self.problem.pretrained, **self._weights.named(self._start + self.network(preference))}

    def diagnostics(self) -> Mapping[str, float]:
        """`chunk_size`: weights made at a time, where they are not made all at once; beside the training's."""
        head = self.network.head
        chunk = {"chunk_size": float(len(head.weight))} if isinstance(head, ChunkedHead) else {}
        return {**super().diagnostics(), **chunk}


class PhnLs(ConditionedLearner):
    """Pareto hypernetwork (Navon et al., arXiv 2010.04104) with linear scalarization.

    A network maps the preference to all weights of the model; every step draws one preference and minimises
    sum_t r_t loss_t. Departures: the hypernetwork's output is added to the pre-trained weights (the paper trains
    from scratch), and has a part common to all preferences that is a parameter of its own in the chunked form too.
    Large models are made in chunks (von Oswald et al., arXiv 1906.00695).
    """

    name: ClassVar[str] = "phn-ls"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Learning rate, steps and batch size are the suite's unless set."""

        hidden_size: Annotated[int, Range(16, 256, log=True, costs=True)] = 100
        """Units of each hidden layer (paper: 100)."""
        form: str = "auto"
        """exact: one layer makes all weights; chunked: chunk by chunk; auto: exact up to max_exact_parameters."""
        chunk_size: int = 4096
        """Weights made at a time in the chunked form."""
        max_exact_parameters: int = 10_000_000
        """Size of the exact form's last layer up to which auto takes it."""
        dirichlet_alpha: Annotated[float, Range(0.1, 10.0, log=True)] = 0.2
        """Concentration of the preferences drawn in training (paper: 0.2, mostly near the corners)."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_positive(self, "hidden_size", "chunk_size", "max_exact_parameters")
            if self.form not in FORMS:
                raise ConfigError(f"form must be one of {', '.join(FORMS)}, found {self.form!r}")

    config: Config

    def trainings(self, problem: Problem) -> int:
        """One: the hypernetwork makes all weights."""
        return 1

    def untrained(self, problem: Problem, generator: torch.Generator) -> HypernetworkSet:
        """The pre-trained model for every preference."""
        weights = FlatWeights(problem, trained_names(problem))
        network = Hypernetwork(problem.n_tasks, weights.size, **self._shape(weights.size), generator=generator)
        return HypernetworkSet(problem, weights, network.to(problem.pretrained[weights.names[0]]))

    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ConditionedSet:
        """Train on the train split.

        Raises:
            ConfigError: it would not fit into memory; nothing has been allocated.
            DivergenceError: the loss became NaN or infinite.
        """
        weights = FlatWeights(problem, trained_names(problem))
        shape = self._shape(weights.size)
        require_memory(
            self.name,
            Hypernetwork.size(problem.n_tasks, weights.size, **shape),
            problem.pretrained[weights.names[0]].element_size(),
            problem.n_tasks if self.scalarization_for(problem).needs_gramian else 0,
            problem.device,
            shape,
        )
        return super().fit(problem, preferences, context)

    def _shape(self, n_weights: int) -> HypernetworkShape:
        config = self.config
        fits = n_weights * config.hidden_size <= config.max_exact_parameters
        form = config.form if config.form != "auto" else "exact" if fits else "chunked"
        return {"form": form, "hidden_size": config.hidden_size, "chunk_size": min(config.chunk_size, n_weights)}


class PhnEpo(PhnLs):
    """Pareto hypernetwork (arXiv 2010.04104) with EPO search: answers balance the weighted losses r_t loss_t."""

    name: ClassVar[str] = "phn-epo"

    @dataclass(frozen=True)
    class Config(PhnLs.Config):
        """As for phn-ls."""

        min_preference: Annotated[float, Range(1e-3, 0.2, log=True)] = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss balances a weight of 0."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_min_preference(self.min_preference)

    config: Config

    def scalarization_for(self, problem: Problem) -> Scalarization:
        """EPO."""
        return Epo(self.config.min_preference)
