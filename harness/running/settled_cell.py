"""What became of one cell that was to be settled."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from ..cells.cell import Cell
from ..records.finished_cell import FinishedCell
from ..records.status import Ending


@dataclass(frozen=True)
class SettledCell:
    """What became of one cell."""

    cell: Cell
    ending: Ending
    """How the attempt that counts has ended."""
    run_id: str
    """Id of that attempt's MLflow run; empty where the cell was interrupted before a run was opened."""
    ran: bool
    """Whether the cell was run now; False where an earlier command had settled it."""
    finished: FinishedCell | None = dataclasses.field(default=None, compare=False, repr=False)
    """What was measured, where it was recorded just now: of a cell that ran, or of one that an earlier command had run
    and could not record."""
    log: Path | None = dataclasses.field(default=None, compare=False)
    """File of what the worker printed, a traceback for one; None where the cell finished or did not run now."""
