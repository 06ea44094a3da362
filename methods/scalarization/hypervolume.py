"""Linear scalarization mixed with the hypervolume's own gradient, from an archive of other preferences' losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ...metrics import simplex_grid
from ...metrics.hypervolume_gradient import fronts_gradient
from ...tasks.device_copies import sent_like
from ..ranges import Range
from .base import Scalarization, TrainingGoal
from .linear import LinearScalarization

FORGETTING = 0.1
"""Share of a new loss in an archived one: losses of mini-batches are noisy."""
MARGIN = 0.1
"""Distance of the reference point beyond the archive's worst losses, as a share of the archive's range."""


class HypervolumeMixed(Scalarization):
    """Follows the weights (1 - share) r + share h, where h_t is how fast the hypervolume grows as loss t falls.

    Both r and h sum to 1.

    Multi-sample learners (arXiv 2102.04523, 2212.01130) need several models a step for that gradient. Here a step
    trains one model: the other points are remembered, one for every preference of a lattice, and a drawn preference
    stands for the nearest of them. Before more than T of them have been met, and where no loss of the own point
    matters, the step is linear; how often it is not is counted.

    Args:
        n_tasks: T.
        options: see `Options`.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of the mixture."""

        hypervolume_share: Annotated[float, Field(ge=0, lt=1), Range(0.0, 0.9)] = 0.0
        """Share of the hypervolume's gradient in a step; above 0 answers spread for hypervolume, and no longer
        minimise sum_t r_t loss_t."""

    options: Options

    def __init__(self, n_tasks: int, **options: object) -> None:
        super().__init__(**options)
        self._lattice = simplex_grid(n_tasks, {2: 13, 3: 6, 4: 4}.get(n_tasks, 3))
        self._archive = np.full_like(self._lattice, np.nan)
        self._steps = self._mixed_steps = 0

    @classmethod
    def for_training(cls, config: Any, goal: TrainingGoal) -> Scalarization:
        """Make the mixture, or linear scalarization where the hypervolume has no share."""
        share = config.hypervolume_share
        return cls(goal.n_tasks, hypervolume_share=share) if share else LinearScalarization()

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights that are not negative and sum to 1."""
        own = int(np.square(self._lattice - preference).sum(axis=1).argmin())
        found = losses.double().cpu().numpy()
        known = self._archive[own]
        self._archive[own] = found if np.isnan(known).any() else (1 - FORGETTING) * known + FORGETTING * found
        mixed = preference
        met = np.flatnonzero(np.isfinite(self._archive).all(axis=1))
        self._steps += 1
        if len(met) > len(found):
            points = self._archive[met]
            best, worst = points.min(axis=0), points.max(axis=0)
            gains = -fronts_gradient(points, worst + MARGIN * (worst - best))[np.searchsorted(met, own)]
            if gains.sum() > 0:
                share = self.options.hypervolume_share
                mixed = (1 - share) * preference + share * gains / gains.sum()
                self._mixed_steps += 1
        return sent_like(mixed, losses)

    def state(self) -> Mapping[str, Any]:
        """Return the archive and the counts."""
        archive = torch.from_numpy(self._archive.copy())
        return {"archive": archive, "steps": self._steps, "mixed_steps": self._mixed_steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the archive and the counts."""
        self._archive = state["archive"].cpu().numpy().copy()
        self._steps, self._mixed_steps = state["steps"], state["mixed_steps"]

    def diagnostics(self) -> Mapping[str, float]:
        """Return `hypervolume_steps_share`, the share of steps that were not linear."""
        return {"hypervolume_steps_share": self._mixed_steps / max(self._steps, 1)}
