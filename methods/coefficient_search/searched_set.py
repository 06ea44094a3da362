"""A set of merged models found by a search, which answers a preference with the member that suits it best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from ...metrics import Front, check_preference
from ...tasks.problem import Params
from ..pareto_set import ROOT_PART, ParetoSet


class SearchedSet(ParetoSet):
    """Answers any preference with one of finitely many merges, whose objectives are known and minimised.

    Args:
        merge: function from coefficients (T,) to one plain model.
        coefficients: (K, T) the members' merge coefficients.
        objectives: (K, T) what the members achieve on the validation split, or what a surrogate predicts.
        total_parameters: how many numbers are kept to make any member.
        search_diagnostics: numbers that the search found worth recording.

    Raises:
        ConfigError: coefficients and objectives are not both (K, T) with K >= 1.
    """

    def __init__(
        self,
        merge: Callable[[Sequence[float]], Params],
        coefficients: NDArray[np.float64],
        objectives: NDArray[np.float64],
        *,
        total_parameters: int,
        search_diagnostics: Mapping[str, float] | None = None,
    ) -> None:
        if coefficients.shape != objectives.shape or coefficients.ndim != 2 or 0 in coefficients.shape:
            raise ConfigError(
                "a searched set needs coefficients and objectives of one shape (members, tasks), "
                f"found {coefficients.shape} and {objectives.shape}"
            )
        self.n_tasks = coefficients.shape[1]
        self.total_parameters = total_parameters
        self.coefficients = coefficients
        self.objectives = objectives
        self._merge = merge
        self._search_diagnostics = dict(search_diagnostics or {})
        keep = Front(objectives).non_dominated_mask
        self._answers = coefficients[keep]
        self._regrets = share_of_range(objectives[keep])

    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Return the non-dominated member that minimises the weighted Tchebycheff scalarization max_i r_i g_i.

        g_i in [0, 1] is objective i above the least of the set, in units of its range over the non-dominated
        members. Ties, frequent among error rates, go to the least sum_i r_i g_i and then to the least sum_i g_i:
        the lexicographic form (Steuer and Choo, Mathematical Programming 26, 1983), which unlike an added
        small multiple of the sum gives a corner of the simplex exactly the member that is best on its task.
        """
        return self._merge(self._answer(preference).tolist())

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return the coefficients (T,) of the member that answers, for the whole model."""
        return {ROOT_PART: self._answer(preference)}

    def _answer(self, preference: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coefficients (T,) of the member that answers."""
        wanted = check_preference(preference, self.n_tasks)
        weighted = wanted * self._regrets
        order = np.lexsort((self._regrets.sum(axis=1), weighted.sum(axis=1), weighted.max(axis=1)))
        return np.array(self._answers[order[0]])

    def state(self) -> Mapping[str, Tensor]:
        """Return the members' coefficients and objectives."""
        return {
            "coefficients": torch.tensor(self.coefficients, dtype=torch.float64),
            "objectives": torch.tensor(self.objectives, dtype=torch.float64),
        }

    def diagnostics(self) -> Mapping[str, float]:
        """Return how many members no other dominates, and what the search found."""
        return {**self._search_diagnostics, "non_dominated_members": float(len(self._answers))}


def share_of_range(objectives: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale objectives (K, T) to [0, 1] column by column; a constant column becomes 0."""
    lowest = objectives.min(axis=0)
    ranges = objectives.max(axis=0) - lowest
    return np.asarray((objectives - lowest) / np.where(ranges > 0, ranges, 1.0))
