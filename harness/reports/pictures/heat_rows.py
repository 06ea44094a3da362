"""The order of a front's answers in a heat map: by the task that their preference weighs most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

MIXED = "mixed"
"""The name of the rows whose preference weighs several tasks most."""


def heat_rows(preferences: ArrayLike, tasks: Sequence[str]) -> tuple[list[int], list[tuple[str, int]]]:
    """Return the positions of preferences in the order of rows, and the rows' groups as (name, number of rows).

    First come the preferences that weigh one task most, task by task and the largest weight first, then those that
    weigh several alike, the most even last.

    Args:
        preferences: shape (n, T).
        tasks: the T names of the tasks.
    """
    found = np.asarray(preferences, dtype=np.float64)
    most = found.max(axis=1)
    n_most = (found > most[:, None] - 1e-9).sum(axis=1)
    group = np.where(n_most > 1, len(tasks), found.argmax(axis=1))
    rows: list[int] = np.lexsort((-most, n_most, group)).tolist()
    names = [*tasks, MIXED]
    return rows, [(names[number], len([*of])) for number, of in groupby(group[rows].tolist())]
