"""`phn-ls`, `phn-epo`: Pareto hypernetworks, which map the preference to all weights of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ...tasks.fake_weights import have_values
from ...tasks.problem import Problem
from ..flat_weights import FlatWeights, trained_names
from ..learner import Context
from ..ranges import Range
from ..scalarization import LinearScalarization
from ..scalarization.epo import EpoScalarization
from ..scalarized_learner import composed
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import ConditionedSet
from .hypernetwork import ChunkedHead, Hypernetwork, require_memory


class HypernetworkShape(TypedDict):
    """The options that decide a hypernetwork's size, besides the model."""

    form: str
    hidden_size: int
    chunk_size: int


class HypernetworkSet(ConditionedSet):
    """Answers with the pre-trained weights plus what a hypernetwork adds to them; buffers stay pre-trained."""

    network: Hypernetwork

    def __init__(self, problem: Problem, weights: FlatWeights, network: Hypernetwork) -> None:
        super().__init__(problem, network, kept_parameters=problem.model_parameters)
        self._weights = weights
        self._start = weights.join(problem.pretrained)

    def weights_for(self, preference: Tensor) -> dict[str, Tensor]:
        """Return theta_0 + shift(r), by name."""
        return {**self.problem.pretrained, **self._weights.named(self._start + self.network(preference))}

    def diagnostics(self) -> Mapping[str, float]:
        """Return the training's, and `chunk_size` where weights are made in chunks, how many at a time."""
        head = self.network.head
        chunk = {"chunk_size": float(len(head.weight))} if isinstance(head, ChunkedHead) else {}
        return {**super().diagnostics(), **chunk}


class Phn(ConditionedLearner):
    """Trains a network that maps the preference to all weights of the model (Navon et al., arXiv 2010.04104).

    Every step draws one preference and follows its scalarization. Departures: the hypernetwork's output is added to
    the pre-trained weights (the paper trains from scratch), and has a part common to all preferences that is a
    parameter of its own in the chunked form too; the layer that makes the weights follows two hidden layers (the
    authors have a third between, without a rectifier, so the maps are the same). Large models are made in chunks (von
    Oswald et al., arXiv 1906.00695), by embeddings of 32 numbers (the authors: 64, and a preference is embedded, too).
    """

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Options of the hypernetwork; learning rate, steps and batch size are the suite's unless set."""

        hidden_size: Annotated[PositiveInt, Range(16, 256, log=True, costs=True)] = 100
        """Units of each hidden layer (paper: 100)."""
        form: Literal["auto", "exact", "chunked"] = "auto"
        """exact: one layer makes all weights; chunked: it makes them chunk by chunk; auto: exact up to
        max_exact_parameters."""
        chunk_size: PositiveInt = 4096
        """Weights made at a time in the chunked form."""
        max_exact_parameters: PositiveInt = 10_000_000
        """Size of the exact form's last layer up to which auto takes it."""
        dirichlet_alpha: Annotated[PositiveFloat, Range(0.1, 10.0, log=True)] = 0.2
        """Concentration of the preferences drawn in training (paper: 0.2, mostly near the corners)."""

    config: Config

    def trainings(self, problem: Problem) -> int:
        """Return 1: the map to whole models is trained once."""
        return 1

    @property
    def uses_experts(self) -> bool:
        """False: all starts at the pre-trained model."""
        return False

    def untrained(self, problem: Problem, generator: torch.Generator) -> HypernetworkSet:
        """Make the set that answers every preference with the pre-trained model."""
        weights = FlatWeights(problem, trained_names(problem))
        network = Hypernetwork(problem.n_tasks, weights.size, **self._shape(weights.size), generator=generator)
        return HypernetworkSet(problem, weights, network.to(problem.device, weights.dtype))

    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ConditionedSet:
        """Train on the train split.

        Raises:
            ConfigError: the training would not fit into memory; nothing has been allocated.
            DivergenceError: the loss became NaN or infinite.
        """
        self.check(problem)
        return super().fit(problem, preferences, context)

    def check(self, problem: Problem) -> None:
        """Refuse a problem whose training would not fit into memory; nothing is allocated.

        Weights without values take none, whatever an estimate then finds.

        Raises:
            ConfigError: the device has less memory available.
        """
        super().check(problem)
        if not have_values(problem.pretrained.values()):
            return
        weights = FlatWeights(problem, trained_names(problem))
        shape = self._shape(weights.size)
        require_memory(
            self.name,
            Hypernetwork.size(problem.n_tasks, weights.size, **shape),
            weights.dtype.itemsize,
            problem.n_tasks if self.scalarization.needs_gramian else 0,
            problem.device,
            shape,
        )

    def _shape(self, n_weights: int) -> HypernetworkShape:
        config = self.config
        fits = n_weights * config.hidden_size <= config.max_exact_parameters
        form = config.form if config.form != "auto" else "exact" if fits else "chunked"
        return {"form": form, "hidden_size": config.hidden_size, "chunk_size": min(config.chunk_size, n_weights)}


PhnLs = composed(
    Phn,
    LinearScalarization,
    name="phn-ls",
    summary="Pareto hypernetwork (Navon et al., arXiv 2010.04104) with linear scalarization.",
)
PhnEpo = composed(
    Phn,
    EpoScalarization,
    name="phn-epo",
    version="2",
    summary="Pareto hypernetwork (arXiv 2010.04104) with EPO search: answers balance the weighted losses r_t loss_t.",
)
