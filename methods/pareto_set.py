"""Pareto sets: maps from a preference to the weights of one plain model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import PreferenceError
from ..metrics import check_preference
from ..metrics.preferences import SIMPLEX_TOLERANCE, find_preference
from ..tasks.problem import Params
from .needs import Needs

ROOT_PART = "the model"
"""The part of a model that holds every weight no other part holds; no module can be called so."""


class ParetoSet(ABC):
    """Answers a preference with one plain model of the original architecture; learners return it."""

    n_tasks: int
    """T, the length of a preference."""
    total_parameters: int
    """How many numbers are kept to answer any preference: models, task vectors, routers."""
    trainable_parameters: int = 0
    """How many numbers were trained to make the set; 0 for sets made by arithmetic."""
    needed: Needs | None = None
    """What the fit that returned the set took, where that is known only at its end; None where it took what its learner
    declares."""

    @abstractmethod
    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Return one plain model's weights for a preference (T,), a point of the simplex.

        No two answers share tensors that anybody writes to.

        Raises:
            PreferenceError: the preference is no point of the simplex, or a finite set does not hold it.
        """

    def members(self, preferences: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64] | None, str, Params]]:
        """Yield (preference or None, label, weights) for every model to evaluate, one at a time.

        A continuous set answers every row of `preferences` (n, T); a finite set yields the models that it holds.
        """
        for preference in preferences:
            yield preference, "", self.solve(preference)

    def n_members(self, preferences: NDArray[np.float64]) -> int:
        """Return how many models `members` yields."""
        return len(preferences)

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]] | None:
        """Return the merge coefficients c (T,) by part of the model, in the model's order; None where not merged so.

        `solve(preference)` then is theta_0 + sum_t c_t tau_t in every floating-point weight of a part. Parts are
        modules and weights by name, layers of a recurrent module (`lstm.l0`, see `lies_in`), or `ROOT_PART`; a weight
        belongs to the part with the longest name among those it is or lies in. What no part holds is the same for every
        preference. A set that gives coefficients gives them for every preference, for the same parts.

        Raises:
            PreferenceError: the preference is no point of the simplex.
        """
        return None

    def state(self) -> Mapping[str, Tensor]:
        """Return what must be saved to restore the set beside its problem (routers, kilobytes); it may be empty.

        Numbers, arrays and lists of numbers are saved as tensors too, and restored as tensors. A state that cannot be
        saved is left out with a note, since it must not cost the result of the fit.
        """
        return {}

    def diagnostics(self) -> Mapping[str, float]:
        """Return further numbers worth recording about the set, by name; it is asked once, right after the fit."""
        return {}


class ContinuousSet(ParetoSet):
    """Answers any preference by a function of it, in closed form.

    Args:
        n_tasks: T.
        merge: function from a checked preference (T,) to weights.
        total_parameters: how many numbers are kept to answer any preference.
        diagnostics: numbers found while the set was made.
        coefficients: function from a checked preference to `merge_coefficients`, where `merge` merges task vectors.
    """

    def __init__(
        self,
        n_tasks: int,
        merge: Callable[[NDArray[np.float64]], Params],
        *,
        total_parameters: int,
        diagnostics: Mapping[str, float] | None = None,
        coefficients: Callable[[NDArray[np.float64]], Mapping[str, NDArray[np.float64]]] | None = None,
    ) -> None:
        self.n_tasks = n_tasks
        self.total_parameters = total_parameters
        self._merge = merge
        self._coefficients = coefficients
        self._diagnostics = dict(diagnostics or {})

    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Return the weights for any preference (T,)."""
        return self._merge(check_preference(preference, self.n_tasks))

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]] | None:
        """Return what the given function says, or None where there is none."""
        if self._coefficients is None:
            return None
        return self._coefficients(check_preference(preference, self.n_tasks))

    def diagnostics(self) -> Mapping[str, float]:
        """Return the numbers found while the set was made."""
        return self._diagnostics


class FiniteSet(ParetoSet):
    """Holds finitely many models, each made when asked for.

    Args:
        n_tasks: T.
        make: function from a model's position to its weights.
        labels: one a model, for people ("digits", "lambda = 0.3").
        preferences: (n, T) the preference each model stands for; None where they stand for none, as along a
            curve over a coefficient.
        total_parameters: how many numbers are kept to make any of them.
        diagnostics: numbers found while the set was made.
    """

    def __init__(
        self,
        n_tasks: int,
        make: Callable[[int], Params],
        labels: Sequence[str],
        *,
        preferences: NDArray[np.float64] | None = None,
        total_parameters: int,
        diagnostics: Mapping[str, float] | None = None,
    ) -> None:
        self.n_tasks = n_tasks
        self.total_parameters = total_parameters
        self.labels = tuple(labels)
        self.preferences = preferences
        self._make = make
        self._diagnostics = dict(diagnostics or {})

    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Return the only model for any preference, or of several the one that stands for this preference.

        Raises:
            PreferenceError: the preference is no point of the simplex, or no model stands for it.
        """
        wanted = check_preference(preference, self.n_tasks)
        if len(self.labels) == 1:
            return self._make(0)
        if self.preferences is None:
            raise PreferenceError(
                f"this set holds {len(self.labels)} models that stand for no preference "
                f"({self.labels[0]} ... {self.labels[-1]}); take one by its position in members()"
            )
        position = find_preference(self.preferences, wanted, within=SIMPLEX_TOLERANCE)
        if position is None:
            held = "; ".join(str([float(weight) for weight in row]) for row in self.preferences[:5])
            raise PreferenceError(
                f"this set holds {len(self.labels)} preferences ({held}{' ...' if len(self.labels) > 5 else ''}) "
                f"and not {wanted.tolist()}"
            )
        return self._make(position)

    def members(
        self,
        preferences: NDArray[np.float64],
    ) -> Iterator[tuple[NDArray[np.float64] | None, str, Params]]:
        """Yield every model once, whatever is asked for."""
        for i, label in enumerate(self.labels):
            preference = None if self.preferences is None else self.preferences[i]
            yield preference, label, self._make(i)

    def n_members(self, preferences: NDArray[np.float64]) -> int:
        """Return how many models the set holds."""
        return len(self.labels)

    def diagnostics(self) -> Mapping[str, float]:
        """Return the numbers found while the set was made."""
        return self._diagnostics
