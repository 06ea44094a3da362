"""Pareto sets: preference in, the weights of one plain model out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import PreferenceError
from ..metrics import check_preference
from ..tasks.problem import Params

ROOT_PART = "the model"
"""The part of a model that holds every weight no other part holds; no module can be called so."""


class ParetoSet(ABC):
    """What a learner returns: a map from preferences to plain models of the original architecture."""

    n_tasks: int
    total_parameters: int
    """Numbers kept to answer any preference: models, task vectors, routers."""
    trainable_parameters: int = 0
    """Numbers that were trained to make the set; 0 for sets made by arithmetic."""

    @abstractmethod
    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """One plain model's weights ("unloaded") for a preference (T,), a point of the simplex.

        Every call returns tensors of its own or tensors nobody writes to: two answers never share a change.

        Raises:
            PreferenceError: not a point of the simplex, or a finite set does not hold it.
        """

    def members(self, preferences: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64] | None, str, Params]]:
        """What there is to evaluate: (preference or None, label, weights), one at a time.

        A continuous set is asked for every row of `preferences` (n, T); a finite set yields what it holds.
        """
        for preference in preferences:
            yield preference, "", self.solve(preference)

    def n_members(self, preferences: NDArray[np.float64]) -> int:
        """How many `members` yields."""
        return len(preferences)

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]] | None:
        """The (T,) coefficients c by part of the model, in its order, where the answer merges task vectors.

        `solve(preference)` then is theta_0 + sum_t c_t tau_t in every floating-point weight of a part. Parts are
        modules and weights by name, or `ROOT_PART`; a weight belongs to the part with the longest name among those it
        is or lies in. What no part holds is the same for every preference. None for sets that are not merged so;
        one that gives coefficients gives them for every preference, for the same parts.

        Raises:
            PreferenceError: not a point of the simplex.
        """
        return None

    def state(self) -> Mapping[str, Tensor]:
        """What must be saved to restore the set beside its problem (routers, kilobytes); may be empty."""
        return {}

    def diagnostics(self) -> Mapping[str, float]:
        """Further numbers worth recording about the set."""
        return {}


class ContinuousSet(ParetoSet):
    """A set in closed form: any preference is answered by `merge`, a function of it.

    Args:
        n_tasks: T.
        merge: from a checked preference (T,) to weights.
        total_parameters: numbers kept to answer any preference.
        diagnostics: what was found while the set was made.
        coefficients: from a checked preference to `merge_coefficients`, where `merge` merges task vectors.
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
        """Answers any preference."""
        return self._merge(check_preference(preference, self.n_tasks))

    def merge_coefficients(
        self, preference: Sequence[float] | NDArray[np.float64]
    ) -> Mapping[str, NDArray[np.float64]] | None:
        """By the function of the preference that was given for them, if any."""
        if self._coefficients is None:
            return None
        return self._coefficients(check_preference(preference, self.n_tasks))

    def diagnostics(self) -> Mapping[str, float]:
        """What was found while the set was made."""
        return self._diagnostics


class FiniteSet(ParetoSet):
    """Finitely many models, made when asked for.

    Args:
        n_tasks: T.
        make: from position to weights.
        labels: one a model, for people ("digits", "lambda = 0.3").
        preferences: (n, T) the preference each model stands for; None where they stand for none, as along a
            curve over a coefficient.
        total_parameters: numbers kept to make any of them.
    """

    def __init__(
        self,
        n_tasks: int,
        make: Callable[[int], Params],
        labels: Sequence[str],
        *,
        preferences: NDArray[np.float64] | None = None,
        total_parameters: int,
    ) -> None:
        self.n_tasks = n_tasks
        self.total_parameters = total_parameters
        self.labels = tuple(labels)
        self.preferences = preferences
        self._make = make

    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """A single model answers every preference; several answer the preferences they stand for."""
        wanted = check_preference(preference, self.n_tasks)
        if len(self.labels) == 1:
            return self._make(0)
        if self.preferences is None:
            raise PreferenceError(
                f"this set holds {len(self.labels)} models that stand for no preference "
                f"({self.labels[0]} ... {self.labels[-1]}); take one by its position in members()"
            )
        distances = np.abs(self.preferences - wanted).max(axis=1)
        if distances.min() > 1e-6:
            held = "; ".join(str([float(weight) for weight in row]) for row in self.preferences[:5])
            raise PreferenceError(
                f"this set holds {len(self.labels)} preferences ({held}{' ...' if len(self.labels) > 5 else ''}) "
                f"and not {wanted.tolist()}"
            )
        return self._make(int(distances.argmin()))

    def members(
        self,
        preferences: NDArray[np.float64],
    ) -> Iterator[tuple[NDArray[np.float64] | None, str, Params]]:
        """Every model once, whatever is asked for."""
        for i, label in enumerate(self.labels):
            preference = None if self.preferences is None else self.preferences[i]
            yield preference, label, self._make(i)

    def n_members(self, preferences: NDArray[np.float64]) -> int:
        """How many models it holds."""
        return len(self.labels)
