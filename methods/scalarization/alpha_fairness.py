"""Fair directions: Nash-MTL, the bargaining solution, and FairGrad, the alpha-fair one of which it is a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..ranges import Range
from .gramian_weights import GramianWeights
from .minimum_norm import lengths_and_cosines

MAX_STEPS = 200
"""The most steps of Newton's method; badly conditioned Gramians took fewer than 100."""
RIDGE = 1e-10
"""Added to the gradients' squared lengths, relative to them: where gradients cancel there is no solution otherwise."""
EXACT = 1e-10
"""Largest relative error of an entry of the solution's equation, beside the rounding of its sums."""
NEAR = 1e-8
"""Expected gain of a step, relative to the objective, below which it is taken without a line search."""
ROUNDING = 1e-12
"""Error of a sum, relative to its largest terms."""


class NashMtlScalarization(GramianWeights):
    """Follows the bargaining solution of Nash: C alpha = 1 / alpha (Nash-MTL, arXiv 2202.01017, claim 3.1).

    The authors' code solves it approximately, by a sequence of convex programmes, and then clips the direction's
    length, which is always sqrt(T), to 1. Here the equation is solved, and nothing is clipped: Adam does not ask
    how long a gradient is.
    """

    prefix = "nash_mtl"

    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return positive weights."""
        return fair_weights(gramian, 1.0)


class FairgradScalarization(GramianWeights):
    """Follows the alpha-fair direction: C w = w^(-1 / alpha) (FairGrad, arXiv 2402.15638, equation 4)."""

    @dataclass(frozen=True)
    class Options:
        """Options of the measure of fairness."""

        alpha: Annotated[float, Field(ge=0.1, le=10), Range(0.5, 10.0, log=True)] = 2.0
        """1 is proportional fairness, as in Nash-MTL; larger values favour the loss that falls slowest (code: 2)."""

    options: Options
    prefix = "fairgrad"

    def solve(self, gramian: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return positive weights."""
        return fair_weights(gramian, self.options.alpha)


def fair_weights(gramian: NDArray[np.float64], alpha: float) -> NDArray[np.float64] | None:
    """Return the positive weights w (T,) with C w = w^(-1 / alpha); None where they are not found.

    They minimise w' C w / 2 - sum_t u(w_t) with u' = w^(-1 / alpha), which is strictly convex: Newton's method with
    a line search finds them. Weights are counted in those that each gradient would have alone. A gradient of 0 has
    weight 0, since no weight solves its equation.

    Args:
        gramian: (T, T) C, inner products of the gradients, finite.
        alpha: above 0.
    """
    lengths, cosines = lengths_and_cosines(gramian)
    weights = np.zeros(len(lengths))
    moving = np.flatnonzero(lengths)
    if len(moving) == 0:
        return weights
    power = 1 / alpha
    logs = np.log(lengths[moving])
    # With w_t = alone_t y_t the equation is sum_s root_t R_ts root_s y_s = root_t^2 y_t^-power, R the cosines.
    roots = np.exp((power - 1) / (power + 1) * (logs - logs.max()))
    scaled = roots[:, None] * (cosines[np.ix_(moving, moving)] + RIDGE * np.eye(len(moving))) * roots
    found = _newton(scaled, roots**2, power)
    if found is None:
        return None
    weights[moving] = np.exp(-2 / (power + 1) * logs) * found
    return weights


def _newton(matrix: NDArray[np.float64], gains: NDArray[np.float64], power: float) -> NDArray[np.float64] | None:
    """Return the positive y with matrix @ y = gains * y^-power; None where `MAX_STEPS` do not reach it."""

    def utility(y: NDArray[np.float64]) -> float:
        values = np.log(y) if power == 1 else y ** (1 - power) / (1 - power)
        return float(gains @ values)

    def objective(y: NDArray[np.float64]) -> float:
        return float(y @ matrix @ y) / 2 - utility(y)

    y = np.ones(len(gains))
    for _ in range(MAX_STEPS):
        wanted = gains * y**-power
        gradient = matrix @ y - wanted
        if (np.abs(gradient) <= EXACT * wanted + ROUNDING * (np.abs(matrix) @ y)).all():
            return y
        step = -np.linalg.solve(matrix + np.diag(power * wanted / y), gradient)
        shrinking = step < 0
        size = min(1.0, 0.9 * float((y[shrinking] / -step[shrinking]).min())) if shrinking.any() else 1.0
        now, slope = objective(y), float(gradient @ step)
        # Near the solution steps are right as they are, and the objective's rounding hides how much they gain.
        while -slope > NEAR * (1 + abs(now)) and objective(y + size * step) > now + 1e-4 * size * slope:
            size /= 2
        y = y + size * step
    return None
