"""Linear scalarization mixed with the hypervolume's own gradient, from an archive of what other preferences reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ...metrics import simplex_grid
from ...metrics.hypervolume_gradient import fronts_gradient
from .base import Scalarization

FORGETTING = 0.1
"""Share of a new loss in an archived one: losses of mini-batches are noisy."""
MARGIN = 0.1
"""The reference point lies this share of the archive's range beyond its worst losses."""


class HypervolumeMixed(Scalarization):
    """(1 - share) r + share h, where h is how much each loss, falling, would enlarge the hypervolume; both sum to 1.

    Multi-sample learners (arXiv 2102.04523, 2212.01130) need several models a step for that gradient. Here a step
    trains one model: the other points are remembered, one for every preference of a lattice, and a drawn preference
    stands for the nearest of them. Before more than T of them have been met, and where no loss of the own point
    matters, the step is linear; how often it is not is counted.

    Args:
        n_tasks: T.
        share: in [0, 1); 0 is linear scalarization.
    """

    def __init__(self, n_tasks: int, share: float) -> None:
        if not 0 <= share < 1:
            raise ConfigError(f"the hypervolume's share must be in [0, 1), found {share}")
        self._share = share
        self._lattice = simplex_grid(n_tasks, {2: 13, 3: 6, 4: 4}.get(n_tasks, 3))
        self._archive = np.full_like(self._lattice, np.nan)
        self._steps = self._mixed_steps = 0

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Not negative, sum 1."""
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
                mixed = (1 - self._share) * preference + self._share * gains / gains.sum()
                self._mixed_steps += 1
        return torch.as_tensor(mixed, dtype=losses.dtype, device=losses.device)

    def state(self) -> Mapping[str, Any]:
        """The archive and the counts."""
        archive = torch.from_numpy(self._archive.copy())
        return {"archive": archive, "steps": self._steps, "mixed_steps": self._mixed_steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """The archive and the counts."""
        self._archive = state["archive"].cpu().numpy().copy()
        self._steps, self._mixed_steps = state["steps"], state["mixed_steps"]

    def diagnostics(self) -> Mapping[str, float]:
        """`hypervolume_steps_share`: of steps that were not linear."""
        return {"hypervolume_steps_share": self._mixed_steps / max(self._steps, 1)}
