"""The page's data of recorded fronts: columns of numbers, with every preference grid and anchor stored once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import moocore
import numpy as np
from numpy.typing import NDArray

from ....errors import FrontrunnerError
from ....metrics import Front, ReferenceFront, reference_front
from ...board.leaderboard import Board
from ...records.store import Store
from ...scoring.scored_cells import ScoredCell
from ...scoring.shown_fronts import shown_fronts
from ..pictures.axis_limits import axis_limits
from ..pictures.heat_rows import heat_rows
from .packing import by_column, short
from .texts import preference_text

SHOWN_NUMBERS = 3_000_000
"""The most objectives that one page holds, about 2 bytes of the file each; last seeds beyond that are left out."""


def shown_seeds(boards: Sequence[Board]) -> int | None:
    """Return how many seeds of every learner have their fronts on the page; None for all of them."""
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
    """Read what the page shows of every front, in the order of boards, rows and seeds; one read of all is faster."""
    chosen = [result for board in boards for row in board.rows for result in list(row.results.values())[:kept]]
    return iter(shown_fronts(store, chosen))


def front_content(board: Board, kept: int | None, fronts: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the grids, the anchors and the reference front of one board, and the fronts of every row by seed.

    Args:
        board: the board whose rows are shown.
        kept: number of seeds of every row that are shown, from the first; all when None.
        fronts: the iterator that `all_fronts` gives; the fronts of this board are taken from it.
    """
    grids, anchors = _Once(), _Once()
    rows: list[dict[str, Any]] = []
    points: list[NDArray[np.float64]] = []
    for row in board.rows:
        by_seed = {}
        for seed in row.seeds[:kept]:
            content = next(fronts)
            points.append(np.asarray(content["objectives"], dtype=np.float64))
            by_seed[str(seed)] = _front(content, points[-1], grids, anchors)
        rows.append(by_seed)
    reference = _reference(board, points, [result for row in board.rows for result in row.results.values()])
    return {
        "grids": [_grid(grid, board.tasks) for grid in grids.values],
        "anchors": anchors.values,
        "fronts": rows,
        "shares": _are_shares(board, points),
        "reference": None if reference is None else by_column(reference.objectives),
        "limits": None if not points else _limits(board, points, anchors.values),
    }


def _grid(grid: Sequence[Sequence[float]], tasks: Sequence[str]) -> dict[str, Any]:
    """Return a grid of preferences, their texts, and the order and the groups of its rows in heat maps."""
    rows, groups = heat_rows(grid, tasks)
    texts = [preference_text(weights, tasks) for weights in grid]
    return {"columns": by_column(grid), "texts": texts, "rows": rows, "groups": groups}


def _limits(
    board: Board, points: Sequence[NDArray[np.float64]], anchors: Sequence[Mapping[str, Any]]
) -> list[list[float | int | None]]:
    """Return the ends of every objective's axis, which show the experts' errors too; the same for all seeds."""
    experts = [found["expert"] for found in anchors if "expert" in found]
    shown = np.vstack([*points, *experts])
    reference = shown.max(axis=0) if board.reference_point is None else board.reference_point
    return [[short(least), short(most)] for least, most in axis_limits(shown, reference).tolist()]


def _are_shares(board: Board, points: Sequence[NDArray[np.float64]]) -> bool:
    """Return whether errors can be read as accuracies: all are shares, and none is a closed-form function's value."""
    return not board.closed_form and all(front.min() >= 0 and front.max() <= 1 for front in points)


class _Once:
    """A list of values, each kept once and named by its position."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[str, int] = {}

    def position(self, value: Any) -> int:
        """Return the value's position; values are compared by `repr`, which is fast, since nearly all are the same."""
        key = repr(value)
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(value)
        return self._known[key]


def _front(content: Mapping[str, Any], points: NDArray[np.float64], grids: _Once, anchors: _Once) -> dict[str, Any]:
    """Return one front under short names, since a page holds thousands."""
    front: dict[str, Any] = {"f": by_column(points)}
    # Equal points do not dominate each other.
    best = moocore.is_nondominated(points, keep_weakly=True)
    if not best.all():
        front["d"] = np.flatnonzero(~best).tolist()
    if content["preferences"] is not None:
        front["g"] = grids.position(content["preferences"])
    if any(content["labels"]):
        front["l"] = list(content["labels"])
    known = {
        name: [short(value) for value in content[f"{name}_errors"]]
        for name in ("expert", "pretrained", "neighbour")
        if content[f"{name}_errors"] is not None
    }
    if known:
        front["a"] = anchors.position(known)
    return front


def _reference(
    board: Board, points: Sequence[NDArray[np.float64]], results: Sequence[ScoredCell]
) -> ReferenceFront | None:
    """Return the front that distances were measured to; None where the fronts on the page do not give it.

    It is the true front that a run recorded, or the union of all runs; its digest tells whether it is the right one.
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
