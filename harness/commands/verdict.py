"""Judges the cells that a command ran: whether it has succeeded, and how it says so in one line."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import CellError
from ..cells.cell import Cell
from ..records.status import Status
from ..running.misfits import find_misfits
from ..running.settled_cell import SettledCell


def require_no_misfit(cells: Sequence[Cell]) -> None:
    """Raise CellError, with the reason, where other options of a cell's learner would be needed to fit it."""
    misfits = find_misfits(cells)
    for cell in cells:
        if (ending := misfits.get(cell.key)) is not None and ending.repeats:
            require_finished(SettledCell(cell, ending, run_id="", ran=False))


def require_finished(settled_cell: SettledCell) -> None:
    """Raise CellError, with the reason, unless the one cell that a command was asked for has finished."""
    ending = settled_cell.ending
    if ending.status is Status.UNSUPPORTED:
        what = "other options" if ending.repeats else "another method or suite"
        raise CellError(f"{settled_cell.cell.title} is unsupported: {ending.reason}; choose {what}")
    require_settled([settled_cell])


def require_recorded(settled_cells: Sequence[SettledCell]) -> None:
    """Raise CellError where results wait on this machine: a server does not answer, or another machine has the cell."""
    waiting = [one for one in settled_cells if one.ending.status is Status.UNRECORDED]
    if waiting:
        what = "result of 1 cell waits" if len(waiting) == 1 else f"results of {len(waiting)} cells wait"
        raise CellError(
            f"the {what} on this machine ({waiting[0].ending.reason}); the same command delivers what waits, as does "
            "`frontrunner leaderboard` on the same store"
        )


def require_settled(settled_cells: Sequence[SettledCell]) -> None:
    """Raise CellError where a cell of a bench did not finish and might do so run again, or with other options.

    One whose result waits to be recorded is told first, see `require_recorded`.
    """
    require_recorded(settled_cells)
    unsettled = [settled_cell for settled_cell in settled_cells if not settled_cell.ending.passes]
    if unsettled:
        first = unsettled[0]
        whose = f"{first.cell.title}: " if first.ending.status is Status.UNSUPPORTED else ""
        printed = "" if first.log is None else f"; its output is in {first.log}"
        raise CellError(
            f"{len(unsettled)} of {len(settled_cells)} cells did not finish (first: {whose}{first.ending.reason}"
            f"{printed}); {_what_next(unsettled)}"
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
    finished = sum(one.ending.status is Status.FINISHED for one in settled_cells)
    misfits = sum(one.ending.status is Status.UNSUPPORTED and one.ending.repeats for one in settled_cells)
    unsupported = sum(one.ending.status is Status.UNSUPPORTED for one in settled_cells) - misfits
    parts = [f"{finished} of {len(settled_cells)} cells finished"]
    waiting = sum(one.ending.status is Status.UNRECORDED for one in settled_cells)
    if unsettled := len(settled_cells) - finished - unsupported - misfits - waiting:
        parts.append(f"{unsettled} did not")
    if waiting:
        parts.append(f"{waiting} finished and {'waits' if waiting == 1 else 'wait'} to be recorded")
    if misfits:
        verb = "is" if misfits == 1 else "are"
        parts.append(f"{misfits} {verb} unsupported as configured (other options may fit)")
    if unsupported:
        verb = "is" if unsupported == 1 else "are"
        parts.append(
            f"{unsupported} {verb} unsupported (the learner asks what the suite cannot give) and never run again"
        )
    return ", ".join(parts)
