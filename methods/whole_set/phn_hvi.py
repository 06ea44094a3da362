"""`phn-hvi`: a Pareto hypernetwork trained on the hypervolume of several answers at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...errors import ConfigError
from ...tasks.problem import Problem
from ..learner import Context
from ..scalarization import Scalarization
from ..scalarization.hypervolume_gradient import fronts_gradient
from ..scalarization.wanted_losses import wanted_losses
from ..training import require_positive
from .conditioned_set import ConditionedSet
from .phn import PhnLs

MARGIN = 0.1
"""How far beyond the samples' worst losses the reference point lies, as a share of them, where it is not set."""


class PhnHvi(PhnLs):
    """Multi-sample hypernetwork (Hoang et al., arXiv 2212.01130).

    Every step draws p preferences, evaluates all p answers on the same mini-batches and ascends the hypervolume of
    their losses (Deist et al., arXiv 2102.04523: each answer's gradient in objective space has length 1, dominated
    answers follow that of their own front) plus `penalty` times the mean of cos(losses, 1 / r), which ties answers
    to preferences: larger r_t, smaller loss t. It makes p forward and backward passes of the model a step, and so
    costs p times what phn-ls costs; `equal_passes` makes the costs equal.

    Departures: those of phn-ls; preferences are drawn independently, not one from each part of the simplex.
    """

    name: ClassVar[str] = "phn-hvi"

    @dataclass(frozen=True)
    class Config(PhnLs.Config):
        """As for phn-ls."""

        samples: int = 8
        """p, preferences a step; a forward and backward pass of the model for each."""
        equal_passes: bool = False
        """Divide the suite's steps by the samples, for as many passes as learners of one preference a step make."""
        penalty: float = 1.0
        """Weight of the cosine."""
        min_preference: float = 0.05
        """Smaller weights of a preference are raised to it in the cosine."""
        reference: float | None = None
        """The reference point's value for every loss; a tenth beyond the step's worst losses when unset."""
        dirichlet_alpha: float = 1.0
        """Concentration of the preferences drawn in training; 1 is uniform on the simplex."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_positive(self, "samples")
            if self.penalty < 0:
                raise ConfigError(f"penalty must be 0 or more, found {self.penalty}")
            if not 0 < self.min_preference < 0.5:
                raise ConfigError(f"min_preference must be above 0 and below 0.5, found {self.min_preference}")

    config: Config

    def resolved(self, problem: Problem) -> Any:
        """The suite's steps divided by the samples where passes should be equal; steps that were set are kept."""
        config = super().resolved(problem)
        if config.equal_passes and self.config.steps is None:
            return dataclasses.replace(config, steps=max(1, config.steps // config.samples))
        return config

    def draws(self, problem: Problem, context: Context) -> Iterator[Any]:
        """`samples` preferences (p, T) and T mini-batches."""
        config = self.resolved(problem)
        rng = context.rng("preferences")
        for batch in problem.batches("train", config.batch_size, context.generator("batches")):
            yield rng.dirichlet([config.dirichlet_alpha] * problem.n_tasks, size=config.samples), batch

    def step(self, conditioned: ConditionedSet, scalarization: Scalarization, drawn: Any) -> Tensor:
        """Leave the gradient in the network; the mean loss is returned, since the volume's scale moves."""
        preferences, batch = drawn
        losses = torch.stack([conditioned.losses(preference, batch) for preference in preferences])
        values = losses.detach().double().cpu().numpy()
        if np.isfinite(values).all():  # what is not finite is reported by the training loop
            weights = torch.as_tensor(self.volume_weights(values)).to(losses)
            wanted = torch.as_tensor(wanted_losses(preferences, self.config.min_preference)).to(losses)
            aligned = cosine_similarity(losses, wanted, dim=1).mean()
            objective = (weights * losses).sum() / len(losses) - self.config.penalty * aligned
            objective.backward()  # type: ignore[no-untyped-call]
        return losses.detach().mean()

    def volume_weights(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, T) not negative: descending along the weighted losses enlarges the volume; rows of length 1 or 0.

        Args:
            losses: (p, T), finite.
        """
        worst = losses.max(axis=0)
        beyond = worst + MARGIN * np.maximum(np.abs(worst), np.finfo(np.float32).tiny)
        fixed = self.config.reference
        gradient = -fronts_gradient(losses, beyond if fixed is None else np.full_like(worst, fixed))
        lengths = np.linalg.norm(gradient, axis=1, keepdims=True)
        return gradient / np.where(lengths > 0, lengths, 1.0)
