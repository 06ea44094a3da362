"""The lock of a cell in a shared store, which is not had while another machine has claimed the cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from filelock import Timeout

from .cell_lock import CellLock


class ClaimedLock(CellLock):
    """The lock of a cell on this machine, which raises Timeout where another machine has the cell.

    Args:
        command, worker: the files of a `CellLock`.
        taken: says whether another machine has claimed the cell.
    """

    def __init__(self, command: Path, worker: Path, taken: Callable[[], bool]) -> None:
        super().__init__(command, worker)
        self._taken = taken

    def acquire(self, timeout: float = -1) -> Self:
        """Acquire this machine's lock as `CellLock.acquire` does, then ask whether another machine has the cell.

        Raises:
            Timeout: another process has it, or another machine, which is not waited for.
        """
        super().acquire(timeout)
        if self._taken():
            self.release()
            raise Timeout("the claim of another machine")
        return self
