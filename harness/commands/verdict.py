"""What a command makes of the cells it ran: nothing more to say, a note, or the error it ends with."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import CellError
from ..running.settle import SettledCell


def require_finished(outcome: SettledCell) -> None:
    """For a command that was asked for one cell; CellError says why there is no result."""
    if outcome.ending.status == "unsupported":
        raise CellError(f"{outcome.cell.title} is unsupported: {outcome.ending.reason}; choose another method or suite")
    require_settled([outcome])


def require_settled(outcomes: Sequence[SettledCell]) -> None:
    """For a bench, of which every cell is a row; CellError when another attempt at one might end better."""
    unsettled = [outcome for outcome in outcomes if not outcome.ending.status.settled]
    if unsettled:
        raise CellError(
            f"{len(unsettled)} of {len(outcomes)} cells did not finish (first: {unsettled[0].ending.reason}); "
            "the same command runs them again"
        )


def summary(outcomes: Sequence[SettledCell]) -> str:
    """One line: `7 of 11 cells finished, 2 did not, 2 are unsupported (...)`."""
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
