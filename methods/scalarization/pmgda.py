"""PMGDA: predict and correct towards the front's point on the ray that a preference asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat
from scipy.optimize import linprog
from torch import Tensor

from ...tasks.device_copies import sent
from ..ranges import Range
from .base import Scalarization
from .gramian_weights import as_finite_array
from .inner_products import as_array
from .minimum_norm import lengths_and_cosines, minimum_norm_weights
from .wanted_losses import MinPreference, wanted_losses

ROUNDING = 1e-12
"""Distance from the ray, relative to the losses' size, that is but the rounding of 0."""


class PmgdaScalarization(Scalarization):
    """Keeps the losses on the ray of 1 / r and descends along it (PMGDA, Zhang et al., arXiv 2402.09492).

    The constraint is the losses' distance h from the ray. Far from it a step corrects: h falls by a share of what it
    can, and the loss that rises most rises least. Near it a step predicts: it descends along the shortest combination
    of gradients that leaves h as it is. Departures: the ray is that of 1 / r, not of r, so that a large weight means a
    small loss; weights are scaled so that their absolute values sum to 1, since Adam remembers how long gradients were.
    Where a programme has no solution the step is one of linear scalarization, and counted.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of the constraint."""

        tolerance: Annotated[PositiveFloat, Range(1e-3, 0.1, log=True)] = 0.01
        """h, in units of the loss, below which a step descends instead of correcting (code: 0.01)."""
        sigma: Annotated[float, Field(gt=0, lt=1), Range(0.1, 0.99)] = 0.95
        """Share of the steepest decrease of h that a correction keeps (code: 0.95)."""
        min_preference: MinPreference = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss is on the ray of a weight of 0."""

    options: Options
    needs_gramian = True

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._counts = {"steps": 0, "corrections": 0, "unsolved": 0}

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return weights whose absolute values sum to 1; some may be negative."""
        products, values = as_finite_array(gramian), as_array(losses)
        ray = wanted_losses(preference, self.options.min_preference)
        h, slopes = distance_from_ray(values, ray)
        steepest = float(slopes @ products @ slopes)
        self._counts["steps"] += 1
        if h >= self.options.tolerance and steepest > 0:
            self._counts["corrections"] += 1
            found = correction_weights(products, slopes, self.options.sigma)
        else:
            found = prediction_weights(products, slopes)
        if found is None or not np.abs(found).sum() > 0:
            self._counts["unsolved"] += 1
            found = preference
        return sent(torch.as_tensor(found / np.abs(found).sum()), losses.device)

    def state(self) -> Mapping[str, Any]:
        """Return the counts."""
        return dict(self._counts)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the counts."""
        self._counts = dict(state)

    def diagnostics(self) -> Mapping[str, float]:
        """Return `pmgda_correction_share`, of the steps, and `pmgda_unsolved`, the number without a solution."""
        return {
            "pmgda_correction_share": self._counts["corrections"] / max(self._counts["steps"], 1),
            "pmgda_unsolved": float(self._counts["unsolved"]),
        }


def distance_from_ray(losses: NDArray[np.float64], ray: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the distance of losses (T,) from the line through the origin along a ray (T,), and its gradient in them.

    The gradient (T,) is a unit vector, or 0 on the line itself.
    """
    unit = ray / np.linalg.norm(ray)
    apart = losses - (losses @ unit) * unit
    distance = float(np.linalg.norm(apart))
    if distance <= ROUNDING * np.linalg.norm(losses):
        return 0.0, np.zeros_like(apart)
    return distance, apart / distance


def prediction_weights(gramian: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the weights (T,) of the shortest sum_t mu_t g_t + nu grad h (arXiv 2402.09492, equation 11).

    The weights mu are a point of the simplex and nu any number, so that the direction leaves h as it is. None where
    the solver of the shortest vector does not end.

    Args:
        gramian: (T, T) C, inner products of the gradients g, finite.
        slopes: (T,) the derivatives of h in the losses.
    """
    with_slope = gramian @ slopes
    steepest = float(slopes @ with_slope)
    if steepest <= 0:
        return minimum_norm_weights(gramian)
    mu = minimum_norm_weights(gramian - np.outer(with_slope, with_slope) / steepest)
    return None if mu is None else mu - (mu @ with_slope) / steepest * slopes


def correction_weights(
    gramian: NDArray[np.float64], slopes: NDArray[np.float64], sigma: float
) -> NDArray[np.float64] | None:
    """Return the weights (T,) of a direction along which h falls (arXiv 2402.09492, equations 18 and 20).

    The direction is -sum_i mu_i n_i over the normalised gradients of the losses and of h, mu a point of the simplex:
    the one along which the loss that rises most rises least, while h falls at least sigma |grad h|. None where the
    solver of the linear programme fails.

    Args:
        gramian: (T, T) C, inner products of the gradients g, finite.
        slopes: (T,) the derivatives of h in the losses; the gradient of h must not be 0.
        sigma: above 0, below 1.
    """
    n_tasks = len(slopes)
    combinations = np.vstack([np.eye(n_tasks), slopes])
    size = max(float(np.abs(gramian).max()), 1e-300)
    products = combinations @ (gramian / size) @ combinations.T
    lengths, cosines = lengths_and_cosines(products)
    moving = lengths > 0
    slowdown = cosines * lengths[:, None]  # how fast each falls along a normalised gradient
    # Unknowns mu_0 .. mu_T and t: minimise t, where no loss rises faster than t.
    rising = np.hstack([-slowdown, -np.append(np.ones(n_tasks), 0.0)[:, None]])
    solution = linprog(
        np.append(np.zeros(n_tasks + 1), 1.0),
        A_ub=rising,
        b_ub=np.append(np.zeros(n_tasks), -sigma * lengths[-1]),
        A_eq=np.append(moving.astype(float), 0.0)[None],
        b_eq=[1.0],
        bounds=[*((0.0, 1.0 if one else 0.0) for one in moving), (None, None)],
        method="highs",
    )
    if not solution.success:
        return None
    shares = np.where(moving, solution.x[:-1], 0.0) / np.where(moving, lengths, 1.0)
    weights: NDArray[np.float64] = shares @ combinations / size**0.5
    return weights
