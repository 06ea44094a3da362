"""`phn-hvi`: a Pareto hypernetwork trained on the hypervolume of several answers at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...errors import DivergenceError
from ...metrics.hypervolume_gradient import fronts_gradient
from ...tasks.device_copies import sent_like
from ..ranges import Range
from ..scalarization import Scalarization
from ..scalarization.cosine_aligned import CosineAligned
from ..scalarization.wanted_losses import wanted_losses
from .conditioned_set import ConditionedSet
from .phn import Phn

MARGIN = 0.1
"""Distance of the reference point beyond a step's largest loss, as a share of it, where that lies further out."""


class PhnHvi(Phn):
    """Trains a hypernetwork on the hypervolume of several answers a step (Hoang et al., arXiv 2212.01130).

    Every step draws p preferences, evaluates all p answers on the same mini-batches and ascends the hypervolume of
    their losses (Deist et al., arXiv 2102.04523: each answer's gradient in objective space has length 1, dominated
    answers follow that of their own front) plus `penalty` times the mean of cos(losses, 1 / r), which ties answers
    to preferences: larger r_t, smaller loss t. It makes p forward and backward passes of the model a step, and so
    costs p times what phn-ls costs.

    Departures: those of phn-ls; preferences are drawn independently, not one from each part of the simplex; the
    cosine is with 1 / r, so that large weights mean small losses; no steps on the cosine alone come first, and the
    network sees preferences on the simplex only (the authors stretch them by random lengths where T = 2). The
    weights are the paper's, one for every task: in the authors' scripts they are broadcast against the losses, so
    that the tasks of an answer all get the sum of them.
    """

    name: ClassVar[str] = "phn-hvi"
    version: ClassVar[str] = "2"

    @dataclass(frozen=True)
    class Config(CosineAligned.Options, Phn.Config):
        """Options of the hypernetwork, of the samples drawn a step, and of the cosine."""

        samples: Annotated[PositiveInt, Range(2, 16, log=True, costs=True)] = 8
        """p, preferences drawn a step (authors: 16 for two tasks, 8 for more); each costs a forward and backward
        pass of the model."""
        dirichlet_alpha: Annotated[PositiveFloat, Range(0.1, 10.0, log=True)] = 1.0
        """Concentration of the preferences drawn in training; 1 is uniform on the simplex."""
        reference_loss: Annotated[PositiveFloat, Range(0.5, 5.0, log=True)] = 2.0
        """Where the volume ends in every loss (authors: 2), or just beyond a step's largest where that is larger."""
        penalty: Annotated[float, Field(ge=0), Range(0.1, 30.0, log=True)] = 4.0
        """Weight of the cosine; with the authors' 0.001 for four tasks, answers hardly follow preferences."""

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
        worst = float(losses.detach().abs().max())
        if not np.isfinite(worst):
            raise DivergenceError(f"a loss is {worst}; lower lr (now {self.resolved(conditioned.problem).lr})")
        self.objective(losses, preferences).backward()  # type: ignore[no-untyped-call] # torch has no types here
        return losses.detach().mean()

    def objective(self, losses: Tensor, preferences: NDArray[np.float64]) -> Tensor:
        """Return what a step descends: the mean over answers of weights . losses - penalty cos(losses, 1 / r).

        Args:
            losses: (p, T), finite, differentiable.
            preferences: (p, T) that the answers are for.
        """
        weights = sent_like(self.volume_weights(losses.detach().double().cpu().numpy()), losses)
        wanted = sent_like(wanted_losses(preferences, self.config.min_preference), losses)
        aligned = cosine_similarity(losses, wanted, dim=1)
        return ((weights * losses).sum(dim=1) - self.config.penalty * aligned).mean()

    def volume_weights(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weights (p, T), not negative, with which descending along the losses enlarges the volume.

        Rows have length 1.

        Args:
            losses: (p, T), finite, minimised.
        """
        beyond = np.maximum(self.config.reference_loss, (1 + MARGIN) * losses.max(axis=0))
        gradient = -fronts_gradient(losses, beyond)
        lengths = np.linalg.norm(gradient, axis=1, keepdims=True)
        return gradient / np.where(lengths > 0, lengths, 1.0)
