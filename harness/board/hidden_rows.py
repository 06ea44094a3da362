"""Leave the rows of failed runs out of boards, for who has mistyped an option and does not want to look at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..records.status import Status
from .leaderboard import Board, Row

FAILED = tuple(status for status in Status if status.gave_up)
"""Statuses of attempts that ended without a result; what is unsupported, running or not run yet has none of them."""


def without_failed(boards: Sequence[Board]) -> tuple[list[Board], list[str]]:
    """Return boards without the rows all of whose seeds have failed, and the labels of those rows.

    A row with a finished seed stays, with what is said of its other seeds. A board without a row is left out.
    """
    kept, hidden = [], []
    for board in boards:
        rows = [row for row in board.rows if not _has_failed(row)]
        hidden += [row.label for row in board.rows if _has_failed(row)]
        if rows:
            kept.append(dataclasses.replace(board, rows=rows))
    return kept, hidden


def _has_failed(row: Row) -> bool:
    statuses = {reason.partition(":")[0] for reason in row.unfinished.values()}
    return not row.results and bool(statuses) and statuses <= set(FAILED)
