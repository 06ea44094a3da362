"""Rank learners over several boards by their average rank, with a test of which ranks differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...metrics.ranking import Ranking, rank
from ..scoring.measures import MEASURES
from .leaderboard import Board
from .learner_names import joined_keys, labels


@dataclass(frozen=True)
class OverallRanking:
    """Average ranks by one measure, of the learners that have a rank on every board that counts."""

    measure: str
    """Name of the measure that learners are ranked by."""
    ranking: Ranking
    boards: tuple[str, ...]
    """Names of the boards that count."""
    left_out: tuple[str, ...]
    """Labels of learners that have not finished on every board, or have no rank there."""

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """Names of the learners that the boards cannot tell from the first; empty with too few boards or learners."""
        return self.ranking.tied_with_best[1:] if self.ranking.enough_for_diagram else ()


def overall_ranking(boards: Sequence[Board], measure: str = "hypervolume") -> OverallRanking | None:
    """Rank learners by their mean over seeds on each board; None with fewer than two boards or two shared learners.

    Args:
        boards: the boards; those without ranks, as those of too few seeds, do not count.
        measure: a name of `MEASURES`, which knows whether higher values are better.
    """
    keys = joined_keys(boards)
    found = [
        {
            keys[row.key]: row.intervals[measure].mean
            for row in board.rows
            if measure in row.intervals and board.is_ranked(row)
        }
        for board in boards
    ]
    counted = [board for board, means in zip(boards, found, strict=True) if means]
    scores = [means for means in found if means]
    if len(counted) < 2:
        return None
    shared = [key for key in scores[0] if all(key in means for means in scores)]
    if len(shared) < 2:
        return None
    sign = 1 if MEASURES[measure].maximize else -1
    names = labels(boards)
    of_counted = {row.key for board in counted for row in board.rows}
    return OverallRanking(
        measure=measure,
        ranking=rank(sign * np.array([[means[key] for key in shared] for means in scores]), [names[k] for k in shared]),
        boards=tuple(board.name for board in counted),
        left_out=tuple(
            dict.fromkeys(name for key, name in names.items() if key in of_counted and keys[key] not in shared)
        ),
    )
