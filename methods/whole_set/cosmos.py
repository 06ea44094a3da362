"""`cosmos`: one model whose biases the preference shifts, trained to spread over the front."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from ...errors import UnsupportedError
from ...tasks.problem import Problem
from ..flat_weights import FlatWeights, trained_names
from ..layers import layers_of
from ..ranges import Range
from ..scalarization.cosine_aligned import CosineAligned
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import FlatSet


class ShiftedWeights(nn.Module):
    """Maps a preference r to theta + W r, where W reaches only some of the weights.

    Args:
        start: (P,) theta before the first step.
        shifted: (B,) positions of the weights that r shifts.
        n_tasks: T, the length of r.
    """

    shifted: Tensor

    def __init__(self, start: Tensor, shifted: Tensor, n_tasks: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(start.clone())
        self.shift = nn.Parameter(start.new_zeros(len(shifted), n_tasks))
        self.register_buffer("shifted", shifted, persistent=False)

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to weights (P,), a new tensor."""
        return self.weights.index_add(0, self.shifted, self.shift @ preference)


class ShiftedSet(FlatSet):
    """Answers with one trained model, some of whose weights the preference shifts.

    Args:
        problem: gives the losses.
        weights: the order of the flat tensor.
        network: maps a preference (T,) to weights (P,).
        shifted: names of the weights that the preference shifts.
    """

    def __init__(
        self, problem: Problem, weights: FlatWeights, network: ShiftedWeights, shifted: AbstractSet[str]
    ) -> None:
        super().__init__(problem, weights, network)
        self._shifted = layers_of(shifted)
        self._fixed = layers_of(weights.names) - self._shifted

    def diagnostics(self) -> Mapping[str, float]:
        """Return the training's, and how many layers the preference shifts and how many it does not reach."""
        return {
            **super().diagnostics(),
            "shifted_layers": float(len(self._shifted)),
            "unshifted_layers": float(len(self._fixed)),
        }


class Cosmos(ConditionedLearner):
    """Trains one model whose biases the preference shifts (COSMOS, Ruchte and Grabocka, arXiv 2103.13392).

    One model is trained whole, with the preference as a further input; the loss is linear scalarization plus a
    cosine that spreads the answers. Departures: a constant further input only shifts the biases of the layer that
    reads it, so here the preference shifts the biases of all layers, b + W r, and every answer is a plain model
    (without biases: all vectors among the weights); and the cosine is with 1 / r instead of r, so that the losses
    of tasks with large weights become small (see `CosineAligned`). Starts at the pre-trained model.
    """

    name: ClassVar[str] = "cosmos"
    scalarization = CosineAligned

    @dataclass(frozen=True)
    class Config(CosineAligned.Options, ConditionedTraining):
        """Options of the training; learning rate, steps and batch size are the suite's unless set."""

        dirichlet_alpha: Annotated[PositiveFloat, Range(0.1, 10.0, log=True)] = 1.2
        """Concentration of the preferences drawn in training (paper: 1.2 on its image data)."""

    config: Config

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Refuse an architecture none of whose parameters is a vector.

        Raises:
            UnsupportedError: it has none.
        """
        if not any(parameter.ndim == 1 and parameter.is_floating_point() for parameter in model.parameters()):
            raise _no_vectors(type(model).__name__)

    def trainings(self, problem: Problem) -> int:
        """Return 1: one conditioned model is trained whole."""
        return 1

    @property
    def uses_experts(self) -> bool:
        """False: all starts at the pre-trained model."""
        return False

    def untrained(self, problem: Problem, generator: torch.Generator) -> ShiftedSet:
        """Make the set that answers every preference with the pre-trained model.

        Raises:
            UnsupportedError: no weight is a vector.
        """
        weights = FlatWeights(problem, trained_names(problem))
        vectors = {name for name in weights.names if problem.pretrained[name].ndim == 1}
        shifted = {name for name in vectors if name.endswith("bias")} or vectors
        if not shifted:
            raise _no_vectors(problem.name)
        ends = np.cumsum([problem.pretrained[name].numel() for name in weights.names])
        positions = [
            torch.arange(end - problem.pretrained[name].numel(), end)
            for name, end in zip(weights.names, ends.tolist(), strict=True)
            if name in shifted
        ]
        start = weights.join(problem.pretrained)
        network = ShiftedWeights(start, torch.cat(positions).to(start.device), problem.n_tasks)
        return ShiftedSet(problem, weights, network, shifted)


def _no_vectors(owner: str) -> UnsupportedError:
    return UnsupportedError(
        f"cosmos shifts biases, or other weights that are vectors, by the preference; {owner} has none"
    )
