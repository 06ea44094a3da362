"""The front, from which every indicator and every report is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FrontError, PreferenceError
from .preferences import SIMPLEX_TOLERANCE, check_preference


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Front:
    """A front holds n points of T objectives, all minimised; NaN and infinity are refused.

    A front is checked once, here: pymoo's indicators take an empty front or one with NaN for perfect, so none may
    exist. Points may be dominated or repeated and keep their order. Both arrays are float64 copies and
    read-only; fronts with equal values are equal.

    Args:
        objectives: shape (n, T), n >= 1 points of T >= 1 objectives, finite real numbers (error, loss).
        preferences: shape (n, T), the preference that each point answers: no weight negative, rows that sum
            to 1, both to 1e-6. None where points answer no preference.

    Raises:
        FrontError: empty, not two-dimensional, not real numbers, masked, NaN or infinite; or preferences of
            another shape or off the simplex.
    """

    objectives: NDArray[np.float64]
    preferences: NDArray[np.float64] | None

    def __init__(self, objectives: ArrayLike, preferences: ArrayLike | None = None) -> None:
        points = _matrix("objectives", objectives)
        object.__setattr__(self, "objectives", _read_only(points))
        object.__setattr__(self, "preferences", None)
        if preferences is not None:
            weights = _matrix("preferences", preferences)
            if weights.shape != points.shape:
                raise FrontError(f"preferences have the shape of objectives, {points.shape}; found {weights.shape}")
            object.__setattr__(self, "preferences", _read_only(_simplex_rows(weights)))

    @property
    def n_points(self) -> int:
        """The number of points, n, dominated and repeated ones included."""
        return int(self.objectives.shape[0])

    @property
    def n_objectives(self) -> int:
        """The number of objectives, T."""
        return int(self.objectives.shape[1])

    @property
    def non_dominated_mask(self) -> NDArray[np.bool_]:
        """A mask of shape (n,) that is True where no other point is at least as good in every objective.

        Of points with equal objectives the first one counts and the others are False.
        """
        return np.asarray(moocore.is_nondominated(self.objectives), dtype=np.bool_)

    def non_dominated(self) -> Front:
        """Return the points that no other point dominates, in their order, with their preferences.

        Of points with equal objectives the first one is kept.
        """
        keep = self.non_dominated_mask
        return Front(self.objectives[keep], None if self.preferences is None else self.preferences[keep])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Front) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        with_preferences = "without" if self.preferences is None else "with"
        return (
            f"{type(self).__name__}({self.n_points} points, {self.n_objectives} objectives, "
            f"{with_preferences} preferences)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Through __init__: unpickled NumPy arrays would be writable again.
        return type(self), (self.objectives, self.preferences)

    def _values(self) -> tuple[tuple[int, ...], bytes, bytes | None]:
        weights = None if self.preferences is None else self.preferences.tobytes()
        return self.objectives.shape, self.objectives.tobytes(), weights


def _matrix(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return a finite float64 (n, T) copy of the values or raise FrontError naming what they are."""
    if isinstance(values, np.ma.MaskedArray):
        raise FrontError(f"{name} hold a value everywhere; found a masked array, drop its masked rows first")
    try:
        array = np.asarray(values)
    except (
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:  # ragged lists; tensors on a device or with gradients
        raise FrontError(f"{name} are rows of numbers, shape (n, T); NumPy refuses them: {error}") from error
    if array.dtype.kind not in "iuf":
        raise FrontError(f"{name} are real numbers, shape (n, T); found dtype {array.dtype}")
    if array.ndim != 2 or 0 in array.shape:
        raise FrontError(f"{name} have shape (n, T) with n and T at least 1; found shape {array.shape}")
    # Adding zero turns -0.0 into 0.0: equal fronts have equal bytes, and so equal digests.
    copy: NDArray[np.float64] = array.astype(np.float64, order="C") + 0.0
    broken = ~np.isfinite(copy).all(axis=1)
    if broken.any():
        row = int(broken.argmax())
        raise FrontError(
            f"{name} are finite; found {copy[row].tolist()} in row {row} "
            f"(such rows: {int(broken.sum())} of {len(copy)})"
        )
    return copy


def _simplex_rows(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows as `check_preference` does, all at once; it is called only where one may be off the simplex."""
    # Sums are rounded here and exact there: what is nearly too far is left to it.
    if weights.min() >= 0.0 and np.abs(weights.sum(axis=1) - 1.0).max() < SIMPLEX_TOLERANCE / 2:
        return weights
    for i, row in enumerate(weights):
        try:
            weights[i] = check_preference(row, weights.shape[1])
        except PreferenceError as error:
            raise FrontError(f"row {i} of preferences: {error}") from error
    return weights


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.setflags(write=False)
    return array
