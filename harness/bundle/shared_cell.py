"""What a bundle holds, in memory, whichever version its file is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..cells.cell import Cell
from ..records.finished_cell import FinishedCell
from ..records.front_record import FrontRecord
from ..records.status import Ending, Status


@dataclass(frozen=True)
class SharedCell:
    """One cell that a store has shared."""

    cell: Cell
    status: Status | None
    """How it has ended; None where a bench has asked for it and nobody has started it."""
    reason: str = ""
    """One sentence; empty where it finished or was never started."""
    finished: FinishedCell | None = None
    """What was measured, without weights; None where it did not finish."""

    @property
    def key(self) -> str:
        """The cell's key."""
        return self.cell.key

    @property
    def front(self) -> FrontRecord | None:
        """The recorded front of a finished cell."""
        return None if self.finished is None else self.finished.front

    @property
    def ending(self) -> Ending | None:
        """How it has ended, and why; None where nobody has started it."""
        return None if self.status is None else Ending(self.status, self.reason)


@dataclass(frozen=True)
class Bundle:
    """Cells that were checked: every front scores what is claimed, and is comparable with the others of its group."""

    digest: str
    """SHA-256 of the file, in hex."""
    cells: tuple[SharedCell, ...]
    """Each once."""

    def fronts(self) -> Iterator[FrontRecord]:
        """Yield the recorded fronts of the finished cells."""
        return (shared.front for shared in self.cells if shared.front is not None)
