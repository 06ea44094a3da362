"""What the page holds of recorded fronts: columns of numbers, with preference grids and anchors told once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....errors import FrontrunnerError
from ....metrics import Front, ReferenceFront, reference_front
from ...board.leaderboard import Board
from ...records.store import Store
from ...scoring.scored_cells import ScoredCell, shown_fronts
from .packing import by_column, short

SHOWN_NUMBERS = 3_000_000
"""Objectives on one page; what is above is left out, last seeds first. About 2 bytes of the file each."""


def shown_seeds(boards: Sequence[Board]) -> int | None:
    """How many seeds of every learner have their fronts on the page; None for all of them."""
    most = max((len(row.results) for board in boards for row in board.rows), default=0)
    for kept in range(most, 1, -1):
        if _numbers(boards, kept) <= SHOWN_NUMBERS:
            return None if kept == most else kept
    return None if most <= 1 else 1


def _numbers(boards: Sequence[Board], kept: int) -> float:
    return sum(
        len(board.tasks) * result.attempt.metrics.get("front_points", 1)
        for board in boards
        for row in board.rows
        for result in list(row.results.values())[:kept]
    )


def all_fronts(store: Store, boards: Sequence[Board], kept: int | None) -> Iterator[Mapping[str, Any]]:
    """What is shown of every front, in the order of boards, rows and seeds; read at once, which is faster."""
    chosen = [result for board in boards for row in board.rows for result in list(row.results.values())[:kept]]
    return iter(shown_fronts(store, chosen))


def front_content(board: Board, kept: int | None, fronts: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Grids, anchors, the reference front, and for every row its fronts by seed, of one board.

    Args:
        board: whose rows.
        kept: seeds of every row, from the first; all when None.
        fronts: as `all_fronts` gives them; those of the board are taken.
    """
    grids, anchors = _Once(), _Once()
    rows: list[dict[str, Any]] = []
    points = []
    for row in board.rows:
        by_seed = {}
        for seed in row.seeds[:kept]:
            content = next(fronts)
            points.append(content["objectives"])
            by_seed[str(seed)] = _front(content, grids, anchors)
        rows.append(by_seed)
    reference = _reference(board, points, [result for row in board.rows for result in row.results.values()])
    return {
        "grids": grids.values,
        "anchors": anchors.values,
        "fronts": rows,
        "reference": None if reference is None else by_column(reference.objectives),
    }


class _Once:
    """JSON values, each kept once and named by its position."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[str, int] = {}

    def position(self, value: Any) -> int:
        key = json.dumps(value)
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(value)
        return self._known[key]


def _front(content: Mapping[str, Any], grids: _Once, anchors: _Once) -> dict[str, Any]:
    front: dict[str, Any] = {"f": by_column(content["objectives"])}
    if content["preferences"] is not None:
        front["g"] = grids.position(by_column(content["preferences"]))
    if any(content["labels"]):
        front["l"] = list(content["labels"])
    known = {
        name: [short(value) for value in content[f"{kept}_errors"]]
        for name, kept in (("specialist", "expert"), ("pretrained", "pretrained"))
        if content[f"{kept}_errors"] is not None
    }
    if known:
        front["a"] = anchors.position(known)
    return front


def _reference(board: Board, points: Sequence[Any], results: Sequence[ScoredCell]) -> ReferenceFront | None:
    """The front that distances were measured to; None where what is shown does not give it.

    It is the true front that a run recorded, or the union of all runs: its digest tells.
    """
    if not results:
        return None
    try:
        if board.closed_form:
            found = results[0].record.true_front()
        else:
            found = reference_front(Front(objectives) for objectives in points)
    except FrontrunnerError:
        return None
    return found if found is not None and found.digest.startswith(board.reference_digest) else None
