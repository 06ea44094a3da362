"""Collect the merge coefficients of a Pareto set at every preference of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ...methods import ParetoSet
from ..records.coefficients import MergeCoefficients
from ..records.table_limits import MAX_VALUES


def collect_coefficients(
    pareto_set: ParetoSet, preferences: NDArray[np.float64], tasks: Sequence[str]
) -> MergeCoefficients | None:
    """Return the coefficients at every row of `preferences` (n, T); None for a set that merges no task vectors.

    Raises:
        ConfigError: the set does not give T finite numbers for each of the same parts at every preference, or gives
            more than a table may hold.
    """
    parts: tuple[str, ...] = ()
    rows: list[list[NDArray[np.float64]]] = []
    for preference in preferences:
        found = pareto_set.merge_coefficients(preference)
        if found is None and not rows:
            return None
        if not found or (parts and tuple(found) != parts):
            raise ConfigError(
                "merge_coefficients() was to give coefficients for the same parts at every preference; "
                f"found {list(parts)[:3]}, then {list(found or ())[:3]}"
            )
        parts = tuple(found)
        if (n_values := len(preferences) * len(parts) * (3 + 2 * len(tasks))) > MAX_VALUES:
            raise ConfigError(f"a table holds {MAX_VALUES:,} values at most, its coefficients take {n_values:,}")
        for part, coefficients in found.items():
            if np.shape(coefficients) != (len(tasks),) or not np.isfinite(coefficients).all():
                raise ConfigError(
                    f"merge_coefficients() was to give {len(tasks)} finite numbers for {part!r}, found {coefficients}"
                )
        rows.append(list(found.values()))
    return MergeCoefficients(tuple(tasks), parts, preferences, np.array(rows, dtype=np.float64))
