"""Judges the cells that a command ran: whether it has succeeded, and how it says so in one line."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import CellError
from ..running.settle import SettledCell


def require_finished(outcome: SettledCell) -> None:
    """Raise CellError, with the reason, unless the one cell that a command was asked for has finished."""
    if outcome.ending.status == "unsupported":
        raise CellError(f"{outcome.cell.title} is unsupported: {outcome.ending.reason}; choose another method or suite")
    require_settled([outcome])


def require_settled(outcomes: Sequence[SettledCell]) -> None:
    """Raise CellError where a cell of a bench did not finish and might do so when run again; unsupported ones pass."""
    unsettled = [outcome for outcome in outcomes if not outcome.ending.status.settled]
    if unsettled:
        raise CellError(
            f"{len(unsettled)} of {len(outcomes)} cells did not finish (first: {unsettled[0].ending.reason}); "
            "the same command runs them again"
        )


def summary(outcomes: Sequence[SettledCell]) -> str:
    """Return one line such as `7 of 11 cells finished, 2 did not, 2 are unsupported (...)`."""
    n = {status: sum(o.ending.status == status for o in outcomes) for status in ("finished", "unsupported")}
    parts = [f"{n['finished']} of {len(outcomes)} cells finished"]
    if unsettled := len(outcomes) - n["finished"] - n["unsupported"]:
        parts.append(f"{unsettled} did not")
    if n["unsupported"]:
        verb = "is" if n["unsupported"] == 1 else "are"
        parts.append(
            f"{n['unsupported']} {verb} unsupported (the learner asks what the suite cannot give) and never run again"
        )
    return ", ".join(parts)
