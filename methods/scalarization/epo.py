"""Exact Pareto optimal search (EPO): the front's point whose weighted losses r_t loss_t are all equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from torch import Tensor

from ...tasks.device_copies import sent_like
from .base import Scalarization
from .inner_products import as_array
from .wanted_losses import MinPreference

BALANCED = 1e-4
"""Non-uniformity up to which losses count as balanced."""
ROUNDING = 1e-5
"""Relative error of inner products of float32 gradients, by which a constraint may be missed."""
ROUNDED_AWAY = 1e-12
"""Size of a constraint's row, relative to the largest, up to which it is the rounding error of a row of zeros."""
TOLERANCE = 1e-10
"""The most by which a solution may miss a constraint of size 1: the least that HiGHS takes."""


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
    """Return argmax objective . alpha over the simplex with rows @ alpha >= least; None where there is none.

    The first T rows are the Gramian's. A short gradient's row is as small as the gradient, and a solver's tolerances
    are absolute: so every row is brought to size 1 first. A row of rounding errors is no bound.
    """
    sizes = np.abs(rows).max(axis=1)
    bounding = np.isfinite(least) & (sizes > ROUNDED_AWAY * sizes.max())
    # A further row than the Gramian's measures losses that count as equal: the smaller it is, the less it matters.
    further = (np.arange(len(rows)) >= len(objective))[bounding]
    slack = ROUNDING * np.where(further, sizes.max() / sizes[bounding], 1.0)
    sizes = sizes[bounding]
    rows, least = rows[bounding] / sizes[:, None], least[bounding] / sizes
    objective = objective / max(float(np.abs(objective).max()), 1e-300)
    solve = _maximise_on_segment if len(objective) == 2 else _linear_programme
    solution = solve(objective, rows, least)
    if solution is None:  # on the front gradients cancel, and rounding alone can leave no solution
        solution = solve(objective, rows, least - slack)
    return solution


def _linear_programme(
    objective: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Solve as `_maximise` does, for any T."""
    solution = linprog(
        -objective,
        A_ub=-rows,
        b_ub=-least,
        A_eq=np.ones((1, len(objective))),
        b_eq=[1.0],
        bounds=(0, None),
        method="highs",
        options={"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE},
    )
    return np.asarray(solution.x) if solution.success else None


def _maximise_on_segment(
    objective: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Solve T = 2 in closed form: alpha = (s, 1 - s), each row bounds s, and the best s is an end of what is left."""
    low, high = 0.0, 1.0
    for at_one, at_zero in rows - least[:, None]:  # what a row has to spare where s is 1, and where it is 0
        if min(at_one, at_zero) >= -TOLERANCE:
            continue
        if max(at_one, at_zero) < -TOLERANCE:
            return None
        root = min(max(at_zero / (at_zero - at_one), 0.0), 1.0)
        if at_one > at_zero:
            low = max(low, root)
        else:
            high = min(high, root)
    if low > high + TOLERANCE:
        return None
    s = max(low, high) if objective[0] > objective[1] else low
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
        values, products = as_array(losses), as_array(gramian)
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
        return sent_like(len(r) * chosen, losses)

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
