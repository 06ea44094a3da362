"""Judges the cells that a command ran: whether it has succeeded, and how it says so in one line."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import CellError
from ..records.status import Status
from ..running.settled_cell import SettledCell


def require_finished(settled_cell: SettledCell) -> None:
    """Raise CellError, with the reason, unless the one cell that a command was asked for has finished."""
    if settled_cell.ending.status is Status.UNSUPPORTED:
        raise CellError(
            f"{settled_cell.cell.title} is unsupported: {settled_cell.ending.reason}; choose another method or suite"
        )
    require_settled([settled_cell])


def require_settled(settled_cells: Sequence[SettledCell]) -> None:
    """Raise CellError where a cell of a bench did not finish and might do so when run again; unsupported ones pass."""
    unsettled = [settled_cell for settled_cell in settled_cells if not settled_cell.ending.status.settled]
    if unsettled:
        first = unsettled[0]
        printed = "" if first.log is None else f"; its output is in {first.log}"
        raise CellError(
            f"{len(unsettled)} of {len(settled_cells)} cells did not finish (first: {first.ending.reason}{printed}); "
            f"{_what_next(unsettled)}"
        )


def _what_next(unsettled: Sequence[SettledCell]) -> str:
    """Return what the same command would do about cells that did not finish."""
    repeating = sum(one.ending.repeats for one in unsettled)
    if repeating == len(unsettled):
        whom = "it" if repeating == 1 else "they"
        return f"run again without a change, {whom} would fail in the same way"
    if repeating:
        return f"the same command runs them again, but {repeating} would fail in the same way without a change"
    return "the same command runs them again"


def summary(settled_cells: Sequence[SettledCell]) -> str:
    """Return one line such as `7 of 11 cells finished, 2 did not, 2 are unsupported (...)`."""
    finished, unsupported = (
        sum(one.ending.status is status for one in settled_cells) for status in (Status.FINISHED, Status.UNSUPPORTED)
    )
    parts = [f"{finished} of {len(settled_cells)} cells finished"]
    if unsettled := len(settled_cells) - finished - unsupported:
        parts.append(f"{unsettled} did not")
    if unsupported:
        verb = "is" if unsupported == 1 else "are"
        parts.append(
            f"{unsupported} {verb} unsupported (the learner asks what the suite cannot give) and never run again"
        )
    return ", ".join(parts)
