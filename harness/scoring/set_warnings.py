"""Signs that a set has collapsed: its answers coincide, its routers are dead, or it does not follow its preferences.

They are found in what is recorded of a cell. A set that holds one model, as pre-trained and averaged weights are, says
so by its only member and warns of nothing; nor does a search whose few members answer all preferences between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import FrontError, StoreError
from ...metrics import alignment
from ...metrics.alignment import task_alignments
from ...metrics.distinct import distinct_answers
from ..records.attempt import Attempt
from .measures import INDICATOR_MEASURES

LEAST_DISTINCT_SHARE = 0.25
"""Answers coincide where fewer than this share of them are distinct, or all are one."""
MOST_DEAD_UNITS = 0.5
"""Largest share of the routers' units that may be dead."""
LEAST_ALIGNMENT = 0.1
"""Alignments between this and its negative are near 0. A task has improved from here on, and worsened from there."""

COINCIDE = "answers coincide"
DEAD = "dead routers"
NOT_ALIGNED = "alignment near 0"
AGAINST = "against the preference"
CANCEL = "alignments cancel"
MEANING = {
    COINCIDE: "different preferences get the same answer",
    DEAD: "most units of the routers no longer react to the preference",
    NOT_ALIGNED: "raising a task's weight does not improve it",
    AGAINST: "raising a task's weight worsens it",
    CANCEL: "raising their weights improves some tasks and worsens others",
}
"""What every kind of warning means, as a part of a sentence."""


@dataclass(frozen=True)
class SetWarning:
    """One sign that the set of a cell has collapsed."""

    kind: str
    """What is wrong, in two or three words."""
    detail: str
    """The number that shows it."""

    @property
    def text(self) -> str:
        """The warning as `answers coincide (1 distinct of 15)`."""
        return f"{self.kind} ({self.detail})"

    @property
    def sentence(self) -> str:
        """The warning with what it means."""
        return f"{self.text}: {MEANING[self.kind]}."


def set_warnings(attempt: Attempt, scores: Mapping[str, float]) -> list[SetWarning]:
    """Return the signs of collapse of a finished cell; empty for a healthy one.

    Args:
        attempt: the recorded attempt, whose metrics hold the set's diagnostics and its number of answers.
        scores: the values of indicators, by name.
    """
    # Indicators published on a run may be of an older version.
    measured = {name: value for name, value in attempt.metrics.items() if name not in INDICATOR_MEASURES}
    return found_warnings({**measured, **scores}, attempt.cell.n_preferences, lambda: _by_task(attempt))


def recorded_warnings(attempt: Attempt) -> list[SetWarning]:
    """Return the signs of collapse of a finished cell, from its recorded front alone.

    Raises:
        StoreError: the recorded front is missing or damaged.
    """
    record = attempt.record()
    front = record.front()
    scores: dict[str, float] = {}
    if front.preferences is not None:
        scores["distinct_answers"] = distinct_answers(front, record.evaluation.loss)
        if (followed := alignment(front)) is not None:
            scores["alignment"] = followed
    return set_warnings(attempt, scores)


def _by_task(attempt: Attempt) -> list[float]:
    """Return the alignment of every task that has one; none where the recorded front cannot be read."""
    try:
        return [found for found in task_alignments(attempt.record().front()) if found is not None]
    except (StoreError, FrontError):  # the mean, which was kept, says what is known
        return []


def found_warnings(
    measured: Mapping[str, float], n_preferences: int, by_task: Callable[[], Sequence[float]] = tuple
) -> list[SetWarning]:
    """Return the signs of collapse in what was measured of a set.

    The diagnostic `dead_units_share` is the share of the routers' units that are dead, `non_dominated_members` the
    number of models that a search has to answer with.

    Args:
        measured: costs, diagnostics and indicators by name.
        n_preferences: the number of answers, where it was not measured.
        by_task: gives the alignment of every task, of which the measured one is the mean; empty where unknown. It is
            called only where the mean is near 0 or below: that of 1 and -1 is 0, and such a set reacts to preferences.
    """
    found = []
    distinct = measured.get("distinct_answers")
    n_answers = measured.get("front_points", float(n_preferences))
    possible = min(n_answers, measured.get("non_dominated_members", n_answers))
    coincide = distinct is not None and n_answers > 1 and (distinct == 1 or distinct < LEAST_DISTINCT_SHARE * possible)
    if coincide:
        found.append(SetWarning(COINCIDE, f"{distinct:.0f} distinct of {n_answers:.0f}"))
    dead = measured.get("dead_units_share", 0.0)
    if dead > MOST_DEAD_UNITS:
        found.append(SetWarning(DEAD, f"{100 * dead:.0f} % of their units"))
    mean = measured.get("alignment")
    if mean is None or mean >= LEAST_ALIGNMENT or coincide:  # which says it already
        return found
    tasks = by_task()
    if tasks and min(tasks) <= -LEAST_ALIGNMENT and max(tasks) >= LEAST_ALIGNMENT:
        found.append(SetWarning(CANCEL, f"from {min(tasks):.2f} to {max(tasks):.2f}"))
    elif mean <= -LEAST_ALIGNMENT:
        found.append(SetWarning(AGAINST, f"alignment {mean:.2f}"))
    else:
        found.append(SetWarning(NOT_ALIGNED, f"{mean + 0.0:.2f}"))
    return found


def as_sentence(warnings: Iterable[SetWarning]) -> str:
    """Return warnings as `answers coincide (1 distinct of 15); dead routers (80 % of their units)`."""
    return "; ".join(warning.text for warning in warnings)
