"""`phn-hvi`: a Pareto hypernetwork trained on the hypervolume of several answers at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...errors import DivergenceError
from ...metrics.hypervolume_gradient import fronts_gradient
from ..ranges import Range
from ..scalarization import Scalarization
from ..scalarization.cosine_aligned import CosineAligned
from ..scalarization.wanted_losses import wanted_losses
from .conditioned_set import ConditionedSet
from .phn import Phn

MARGIN = 0.1
"""Distance of the reference point beyond the samples' worst losses, as a share of them."""


class PhnHvi(Phn):
    """Trains a hypernetwork on the hypervolume of several answers a step (Hoang et al., arXiv 2212.01130).

    Every step draws p preferences, evaluates all p answers on the same mini-batches and ascends the hypervolume of
    their losses (Deist et al., arXiv 2102.04523: each answer's gradient in objective space has length 1, dominated
    answers follow that of their own front) plus `penalty` times the mean of cos(losses, 1 / r), which ties answers
    to preferences: larger r_t, smaller loss t. It makes p forward and backward passes of the model a step, and so
    costs p times what phn-ls costs.

    Departures: those of phn-ls; preferences are drawn independently, not one from each part of the simplex; the
    cosine is with 1 / r, so that large weights mean small losses.
    """

    name: ClassVar[str] = "phn-hvi"

    @dataclass(frozen=True)
    class Config(CosineAligned.Options, Phn.Config):
        """Options of the hypernetwork, of the samples drawn a step, and of the cosine."""

        samples: Annotated[PositiveInt, Range(2, 16, log=True, costs=True)] = 8
        """p, preferences drawn a step; each costs a forward and backward pass of the model."""
        dirichlet_alpha: Annotated[PositiveFloat, Range(0.1, 10.0, log=True)] = 1.0
        """Concentration of the preferences drawn in training; 1 is uniform on the simplex."""

    config: Config

    def step(self, conditioned: ConditionedSet, scalarization: Scalarization, drawn: Any) -> Tensor:
        """Leave the gradient in the network and return the mean loss, since the volume's scale moves.

        Args:
            conditioned: the set that is trained.
            scalarization: not used; the volume weighs the losses.
            drawn: preferences (p, T) and T mini-batches.

        Raises:
            DivergenceError: a loss is NaN or infinite.
        """
        preferences, batch = drawn
        losses = torch.stack([conditioned.losses(preference, batch) for preference in preferences])
        values = losses.detach().double().cpu().numpy()
        if not np.isfinite(values).all():
            raise DivergenceError(f"a loss is {values.max()}; lower lr (now {self.resolved(conditioned.problem).lr})")
        weights = torch.as_tensor(self.volume_weights(values)).to(losses)
        wanted = torch.as_tensor(wanted_losses(preferences, self.config.min_preference)).to(losses)
        aligned = cosine_similarity(losses, wanted, dim=1).mean()
        objective = (weights * losses).sum() / len(losses) - self.config.penalty * aligned
        objective.backward()  # type: ignore[no-untyped-call] # torch has no types here
        return losses.detach().mean()

    def volume_weights(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weights (p, T), not negative, with which descending along the losses enlarges the volume.

        Rows have length 1, or 0 where a point does not count.

        Args:
            losses: (p, T), finite, minimised.
        """
        worst = losses.max(axis=0)
        beyond = worst + MARGIN * np.maximum(np.abs(worst), np.finfo(np.float32).tiny)
        gradient = -fronts_gradient(losses, beyond)
        lengths = np.linalg.norm(gradient, axis=1, keepdims=True)
        return gradient / np.where(lengths > 0, lengths, 1.0)
