"""Pareto multi-task learning (PMTL): descend, but stay in the cone of the objective space that is yours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchjd.aggregation import MGDAWeighting

from .base import Scalarization
from .gramian import usable


class Pmtl(Scalarization):
    """Lin et al., "Pareto Multi-Task Learning", NeurIPS 2019, algorithm 1.

    Cone k holds the loss vectors whose largest inner product with an axis is that with axis k, so that
    g_j = (u_j - u_k) . loss is positive where a constraint is violated. First only violated constraints descend
    (at most `warm_up_steps`), then the tasks together with them, each time along the shortest vector in the convex
    hull of their gradients. All of these gradients are combinations of the tasks', so the Gramian says it all.

    Args:
        axes: (n, T) unit vectors u in the objective space.
        own: k.
        warm_up_steps: how long the losses may be left out.
    """

    needs_gramian = True

    def __init__(self, axes: NDArray[np.float64], own: int, *, warm_up_steps: int) -> None:
        self._normals = np.delete(axes, own, axis=0) - axes[own]
        self._warm_up_steps = warm_up_steps
        self._shortest = MGDAWeighting(max_iters=250)
        self._counts = {"steps": 0, "violated": 0, "warm_up": 0, "warm": 0}

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Of the tasks; normalised to absolute values that sum to T, as in the authors' code."""
        gramian = usable(gramian)
        normals = torch.as_tensor(self._normals, dtype=losses.dtype, device=losses.device)
        violated = normals[normals @ losses > 0]
        self._counts["steps"] += 1
        self._counts["violated"] += len(violated) > 0
        if len(violated) == 0 or self._counts["steps"] > self._warm_up_steps:
            self._counts["warm"] = 1
        tasks = torch.eye(len(losses), dtype=losses.dtype, device=losses.device)
        combined = torch.cat([tasks, violated]) if self._counts["warm"] else violated
        self._counts["warm_up"] += not self._counts["warm"]
        weights: Tensor = self._shortest(combined @ gramian @ combined.T) @ combined
        return len(losses) * weights / weights.abs().sum().clamp_min(torch.finfo(weights.dtype).tiny)

    def state(self) -> Mapping[str, Any]:
        """The counts."""
        return dict(self._counts)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """The counts."""
        self._counts = dict(state)

    def diagnostics(self) -> Mapping[str, float]:
        """`pmtl_violated_share` of steps outside the own cone, `pmtl_warm_up_steps` spent on reaching it."""
        return {
            "pmtl_violated_share": self._counts["violated"] / max(self._counts["steps"], 1),
            "pmtl_warm_up_steps": float(self._counts["warm_up"]),
        }
