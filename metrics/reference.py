"""The reference front of IGD where no closed form is known: the best points that any run has found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FrontError
from .canonical import canonical_points
from .front import Front


class ReferenceFront(Front):
    """A reference front holds distinct non-dominated points, minimised, shape (n, T), in lexicographic order.

    Dominated and repeated points are dropped, so the same set of points has the same digest. NaN is refused, and
    there are no preferences.

    Args:
        objectives: shape (m, T), as in Front.

    Raises:
        FrontError: as Front.
    """

    def __init__(self, objectives: ArrayLike) -> None:
        super().__init__(canonical_points(Front(objectives)))

    @property
    def digest(self) -> str:
        """The SHA-256, in hex, of n and T as little-endian int64, then the rows as little-endian float64."""
        content = hashlib.sha256(np.array(self.objectives.shape, dtype="<i8").tobytes())
        content.update(self.objectives.astype("<f8").tobytes())
        return content.hexdigest()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.objectives,)


def reference_front(fronts: Iterable[Front]) -> ReferenceFront:
    """Return the non-dominated union of minimised fronts; the order in which they come does not matter.

    Args:
        fronts: at least one front, all of the same T objectives in the same order.

    Raises:
        FrontError: no front at all, or fronts of different numbers of objectives.
    """
    points = [front.objectives for front in fronts]
    if not points:
        raise FrontError("a reference front is the union of at least one front; found none")
    counts = sorted({p.shape[1] for p in points})
    if len(counts) > 1:
        raise FrontError(f"the fronts of a reference front have the same objectives; found {counts} objectives")
    return ReferenceFront(np.concatenate(points))
