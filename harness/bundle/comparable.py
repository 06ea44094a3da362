"""Compare two recorded fronts: whether they may stand on one leaderboard, and how two of one cell differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..records.front_record import FrontRecord

ROUNDING = 1e-9
"""Relative and absolute tolerance; two machines may compute a true front with different rounding."""


def incomparable(ours: FrontRecord, theirs: FrontRecord, where: tuple[str, str] = ("here", "there")) -> str:
    """Return why two results of one group cannot be compared, or '' if they can."""
    here, there = where
    if not _close(ours.reference_point, theirs.reference_point):
        return f"reference point {_point(ours.reference_point)} {here}, {_point(theirs.reference_point)} {there}"
    if ours.pareto_front is None or theirs.pareto_front is None:
        if ours.pareto_front is not theirs.pareto_front:
            known, unknown = (here, there) if theirs.pareto_front is None else (there, here)
            return f"a true front {known}, none {unknown}"
    elif not _close(ours.pareto_front, theirs.pareto_front):
        return f"another true front {here} than {there}"
    mine, other = ours.hypervolume_limit, theirs.hypervolume_limit
    # Older files record no limit.
    if mine is not None and other is not None and not np.isclose(mine, other, rtol=ROUNDING, atol=ROUNDING):
        return f"hypervolume limit {mine:.10g} {here}, {other:.10g} {there}"
    return ""


def same_front(ours: FrontRecord, theirs: FrontRecord) -> bool:
    """Return whether errors, losses, preferences and labels of two recorded fronts are equal to the last bit."""
    mine, other = ours.evaluation, theirs.evaluation
    if mine.labels != other.labels or (mine.preferences is None) != (other.preferences is None):
        return False
    pairs = [(mine.error, other.error), (mine.loss, other.loss)]
    if mine.preferences is not None and other.preferences is not None:
        pairs.append((mine.preferences, other.preferences))
    return all(np.array_equal(one, another, equal_nan=True) for one, another in pairs)


def differences(ours: FrontRecord, theirs: FrontRecord) -> str:
    """Return how the provenance of two different fronts of one cell differs, entry by entry."""
    entries = [
        f"{name} {ours.environment.get(name, 'not recorded')} here, "
        f"{theirs.environment.get(name, 'not recorded')} there"
        for name in dict.fromkeys([*ours.environment, *theirs.environment])
        if ours.environment.get(name) != theirs.environment.get(name)
    ]
    if ours.problem != theirs.problem:
        entries.append("other experts")
    same_error = np.array_equal(ours.evaluation.error, theirs.evaluation.error)
    what = "equal errors, other losses or labels" if same_error else "different front"
    return f"{what}: {', '.join(entries)}" if entries else f"same environment, {what}"


def _close(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> bool:
    same = ours is theirs  # a bundle keeps every true front once
    return same or (ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=ROUNDING, atol=ROUNDING))


def _point(values: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"
