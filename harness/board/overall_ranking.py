"""Learners ranked over several boards: who is best on average, and whom the boards cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...metrics.ranking import Ranking, rank
from ..scoring.measures import MEASURES
from .leaderboard import Board, labels


@dataclass(frozen=True)
class OverallRanking:
    """Average ranks by one measure; every learner that is ranked has finished on every board."""

    measure: str
    ranking: Ranking
    boards: tuple[str, ...]
    left_out: tuple[str, ...]
    """Labels of learners that have not finished on every board."""

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """Those that the boards cannot tell from the first; nobody is marked where too few boards can tell anything."""
        return self.ranking.tied_with_best[1:] if self.ranking.enough_for_diagram else ()


def overall_ranking(boards: Sequence[Board], measure: str = "hypervolume") -> OverallRanking | None:
    """Rank by the mean over seeds on each board; None with fewer than two boards or two learners on all of them.

    Args:
        boards: those without a finished cell are passed over.
        measure: a name of `MEASURES`; its direction is known.
    """
    counted = [board for board in boards if any(measure in row.intervals for row in board.rows)]
    scores = [
        {row.key: row.intervals[measure].mean for row in board.rows if measure in row.intervals} for board in counted
    ]
    if len(counted) < 2:
        return None
    shared = [key for key in scores[0] if all(key in found for found in scores)]
    if len(shared) < 2:
        return None
    sign = 1 if MEASURES[measure].maximize else -1
    names = labels(counted)
    return OverallRanking(
        measure=measure,
        ranking=rank(sign * np.array([[found[key] for key in shared] for found in scores]), [names[k] for k in shared]),
        boards=tuple(board.name for board in counted),
        left_out=tuple(name for key, name in names.items() if key not in shared),
    )
