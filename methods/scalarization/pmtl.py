"""Pareto multi-task learning (PMTL): every preference has a cone of the objective space, and descends within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ...errors import ConfigError
from ...tasks.device_copies import sent
from ..ranges import Range
from .base import Scalarization, TrainingGoal
from .gramian_weights import as_finite_array
from .inner_products import as_array
from .minimum_norm import minimum_norm_weights
from .wanted_losses import MinPreference


def cone_axes(preferences: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return the unit vector (n, T) in the middle of every preference's cone: 1 - r, normalised.

    At T = 2 its direction is that of 1 / r, losses that a preference weighs equally. At more tasks 1 / r leads almost
    to the same few corners from everywhere, where the authors' reference vectors are spread evenly; 1 - r is as evenly
    spread as the preferences are.

    Args:
        preferences: (n, T) points of the simplex.
        least: smaller weights are raised to it.
    """
    raised = np.maximum(preferences, least)
    rays = 1 - raised / raised.sum(axis=1, keepdims=True)
    axes: NDArray[np.float64] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return axes


class PmtlScalarization(Scalarization):
    """Keeps the losses in the preference's own cone of the objective space (PMTL, Lin et al., NeurIPS 2019).

    Cone k holds the loss vectors whose largest inner product with an axis is that with axis k, so that
    g_j = (u_j - u_k) . loss is positive where a constraint is violated. First only violated constraints descend
    (at most `warm_up_steps`), then the tasks together with them, each time along the shortest vector in the convex
    hull of their gradients. All of these gradients are combinations of the tasks', so the Gramian says it all.
    Where the solver of the shortest vector does not end, the step follows their mean; how often that is, is counted.

    Args:
        axes: (n, T) unit vectors u in the objective space.
        own: k.
        warm_up_steps: how long the losses may be left out.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of the cones, and of the warm-up, in which a training reaches its own."""

        warm_up_share: Annotated[float, Field(ge=0, le=1), Range(0.0, 0.5)] = 0.2
        """Share of the steps that may be spent on reaching the cone before the losses count."""
        min_preference: MinPreference = 0.01
        """Smaller weights of a preference are raised to it: a cone's axis has losses proportional to 1 - r."""

    needs_gramian = True

    def __init__(self, axes: NDArray[np.float64], own: int, *, warm_up_steps: int) -> None:
        super().__init__()
        self._normals = np.delete(axes, own, axis=0) - axes[own]
        self._warm_up_steps = warm_up_steps
        self._counts = {"steps": 0, "violated": 0, "warm_up": 0, "warm": 0, "unsolved": 0}

    @classmethod
    def for_training(cls, config: Any, goal: TrainingGoal) -> PmtlScalarization:
        """Give every preference a cone around the losses that it asks for.

        Raises:
            ConfigError: the training does not follow one preference.
        """
        if goal.own is None:
            raise ConfigError("PMTL follows one preference a training, but here every step draws another")
        axes = cone_axes(goal.preferences, config.min_preference)
        return cls(axes, goal.own, warm_up_steps=int(config.warm_up_share * goal.steps))

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights whose absolute values sum to T; not so in the warm-up, as in the authors' code."""
        products = as_finite_array(gramian)
        violated = self._normals[self._normals @ as_array(losses) > 0]
        self._counts["steps"] += 1
        self._counts["violated"] += len(violated) > 0
        if len(violated) == 0 or self._counts["steps"] > self._warm_up_steps:
            self._counts["warm"] = 1
        combined = np.vstack([np.eye(len(losses)), violated]) if self._counts["warm"] else violated
        alpha = minimum_norm_weights(combined @ products @ combined.T)
        if alpha is None:
            self._counts["unsolved"] += 1
            alpha = np.full(len(combined), 1 / len(combined))
        weights = alpha @ combined
        if self._counts["warm"]:
            weights *= len(losses) / max(np.abs(weights).sum(), np.finfo(np.float64).tiny)
        self._counts["warm_up"] += not self._counts["warm"]
        return sent(torch.as_tensor(weights), losses.device)

    @property
    def phase(self) -> int:
        """0 in the warm-up, 1 in the descent."""
        return int(self._counts["warm"])

    def state(self) -> Mapping[str, Any]:
        """Return the counts."""
        return dict(self._counts)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the counts; checkpoints of earlier versions have fewer."""
        self._counts |= state

    def diagnostics(self) -> Mapping[str, float]:
        """Return what was counted.

        `pmtl_violated_share` is the share of steps outside the own cone, `pmtl_warm_up_steps` the number of those to
        reach it, `pmtl_unsolved` of those in which the solver did not end.
        """
        return {
            "pmtl_violated_share": self._counts["violated"] / max(self._counts["steps"], 1),
            "pmtl_warm_up_steps": float(self._counts["warm_up"]),
            "pmtl_unsolved": float(self._counts["unsolved"]),
        }
