"""The content of a bundle in memory, whichever version its file is of."""

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
    """How the cell ended; None where a bench has asked for it and nobody has started it."""
    reason: str = ""
    """One sentence on why the cell did not finish; empty where it finished or was never started."""
    finished: FinishedCell | None = None
    """The measurements, without weights; None where the cell did not finish."""

    @property
    def key(self) -> str:
        """The cell's key."""
        return self.cell.key

    @property
    def front(self) -> FrontRecord | None:
        """The recorded front; None where the cell did not finish."""
        return None if self.finished is None else self.finished.front

    @property
    def ending(self) -> Ending | None:
        """How the cell ended, and why; None where nobody has started it."""
        return None if self.status is None else Ending(self.status, self.reason)


@dataclass(frozen=True)
class Bundle:
    """The checked cells of a bundle: every front scores what is claimed and is comparable with its group."""

    digest: str
    """SHA-256 of the file, in hex."""
    cells: tuple[SharedCell, ...]
    """The shared cells; every cell occurs once."""

    def fronts(self) -> Iterator[FrontRecord]:
        """Yield the recorded fronts of the finished cells."""
        return (shared.front for shared in self.cells if shared.front is not None)
