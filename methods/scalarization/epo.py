"""Exact Pareto optimal search (EPO): the front's point whose weighted losses r_t loss_t are all equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog
from torch import Tensor

from .base import Scalarization
from .wanted_losses import MinPreference

BALANCED = 1e-4
"""Non-uniformity up to which losses count as balanced."""
ROUNDING = 1e-5
"""Relative error of inner products of float32 gradients, by which a constraint may be missed."""


@dataclass(frozen=True)
class EpoStep:
    """A solution of EPO's linear programme for one step."""

    mode: Literal["balance", "descend"]
    """Whether the step makes weighted losses more equal, or lowers losses that are equal already."""
    non_uniformity: float
    """mu: Kullback-Leibler divergence of the normalised weighted losses from uniform, 0 or more."""
    alpha: NDArray[np.float64] | None
    """(T,) point of the simplex, the combination of gradients to follow; None where the solver failed."""


def solve_epo(losses: NDArray[np.float64], preference: NDArray[np.float64], gramian: NDArray[np.float64]) -> EpoStep:
    """Solve the linear programme of EPO search (Mahapatra and Rajan, ICML 2020, algorithm 1).

    Args:
        losses: (T,) not negative, not all zero, minimised.
        preference: (T,) positive, sum 1.
        gramian: (T, T) C, inner products of the tasks' gradients.
    """
    n_tasks = len(losses)
    weighted = preference * losses
    shares = weighted / weighted.sum()
    positive = shares > np.finfo(shares.dtype).eps
    logs = np.log(n_tasks * shares, where=positive, out=np.zeros(n_tasks))
    mu = float(shares @ logs)
    a = preference * (logs - mu)
    c = gramian @ a
    if mu > BALANCED:
        least = np.zeros(n_tasks)
        worse = c > 0  # descending along these also balances
        if worse.any():
            least = np.where(worse, -np.inf, c)
            least[weighted == weighted.max()] = 0.0
        return EpoStep("balance", mu, _maximise(c, gramian, least))
    # Losses are balanced: descend, and do not make them less equal.
    least = np.append(np.zeros(n_tasks), min(c.max(), 0.0))
    return EpoStep("descend", mu, _maximise(gramian.sum(axis=0), np.vstack([gramian, c]), least))


def _maximise(
    objective: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return argmax objective . alpha over the simplex with rows @ alpha >= least; None where there is none."""
    solve = _maximise_on_segment if len(objective) == 2 else _linear_programme
    solution = solve(objective, rows, least)
    if solution is None:  # on the front gradients cancel, and rounding alone can leave no solution
        solution = solve(objective, rows, least - ROUNDING * float(np.abs(rows).max()))
    return solution


def _linear_programme(
    objective: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Solve as `_maximise` does, for any T."""
    kept = np.isfinite(least)
    solution = linprog(
        -objective,
        A_ub=-rows[kept] if kept.any() else None,
        b_ub=-least[kept] if kept.any() else None,
        A_eq=np.ones((1, len(objective))),
        b_eq=[1.0],
        bounds=(0, None),
        method="highs",
    )
    return np.asarray(solution.x) if solution.success else None


def _maximise_on_segment(
    objective: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Solve T = 2 in closed form: alpha = (s, 1 - s), each row bounds s, and the best s is an end of what is left."""
    slope = rows[:, 0] - rows[:, 1]
    # A row of rounding errors is no bound; the linear programme's solver has such a tolerance too.
    bound = least - rows[:, 1] - 1e-9 * float(np.abs(rows).max())
    low, high = 0.0, 1.0
    for k, b in zip(slope, bound, strict=True):
        if k > 0:
            low = max(low, b / k)
        elif k < 0:
            high = min(high, b / k)
        elif b > 0:
            return None
    if low > high:
        return None
    s = high if objective[0] > objective[1] else low
    return np.array([s, 1.0 - s])


class EpoScalarization(Scalarization):
    """Looks for the front's point with equal r_t loss_t, by EPO search (Mahapatra and Rajan, ICML 2020).

    The direction is scaled by T as in PWE MoE (arXiv 2406.09770, equations 12 and 13). It reaches concave fronts too.

    Where the linear programme has no solution, or gradients or losses are not what it needs (losses not
    negative and not all zero, finite gradients), the step is one of linear scalarization. How often that happens,
    and how often a preference's weights are raised, is counted.
    """

    @dataclass(frozen=True)
    class Options:
        """Options of EPO search."""

        min_preference: MinPreference = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss balances a weight of 0."""

    options: Options
    needs_gramian = True

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._counts = {"steps": 0, "balance": 0, "raised_preferences": 0, "unsolved": 0, "unusable_losses": 0}

    def weights(self, losses: Tensor, preference: NDArray[np.float64], gramian: Tensor | None) -> Tensor:
        """Return T times EPO's alpha, or T times r where there is none."""
        assert gramian is not None  # for the type checker: needs_gramian
        self._counts["steps"] += 1
        r = np.maximum(preference, self.options.min_preference)
        self._counts["raised_preferences"] += int((r != preference).any())
        r = r / r.sum()
        values = losses.detach().double().cpu().numpy()
        products = gramian.detach().double().cpu().numpy()
        alpha = None
        if (values >= 0).all() and values.any() and np.isfinite(values).all() and np.isfinite(products).all():
            # The programme is the same for gradients of any length; the solver's tolerances are not.
            step = solve_epo(values, r, products / max(float(np.abs(products).max()), 1e-300))
            self._counts["balance"] += step.mode == "balance"
            alpha = step.alpha
            self._counts["unsolved"] += alpha is None
        else:
            self._counts["unusable_losses"] += 1
        chosen = r if alpha is None else alpha
        return torch.as_tensor(len(r) * chosen, dtype=losses.dtype, device=losses.device)

    def state(self) -> Mapping[str, Any]:
        """Return the counts."""
        return dict(self._counts)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the counts."""
        self._counts = dict(state)

    def diagnostics(self) -> Mapping[str, float]:
        """Return what was counted.

        `epo_balance_share` is a share of the steps; `epo_raised_preferences`, `epo_unsolved` and
        `epo_unusable_losses` are numbers of steps.
        """
        steps = max(self._counts["steps"], 1)
        return {
            "epo_balance_share": self._counts["balance"] / steps,
            **{
                f"epo_{name}": float(self._counts[name])
                for name in ("raised_preferences", "unsolved", "unusable_losses")
            },
        }
