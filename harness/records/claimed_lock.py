"""The lock of a cell in a shared store, which is not had while another machine has claimed the cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from filelock import Timeout

from .cell_lock import CellLock

LOOK_AGAIN_S = 0.5
"""Seconds between two looks at whether another machine has the cell."""


class ClaimedLock(CellLock):
    """The lock of a cell on this machine, which is not had either while another machine has the cell.

    Args:
        command, worker: the files of a `CellLock`.
        taken: says whether another machine has claimed the cell.
    """

    def __init__(self, command: Path, worker: Path, taken: Callable[[], bool]) -> None:
        super().__init__(command, worker)
        self._taken = taken

    def acquire(self, timeout: float = -1) -> Self:
        """Acquire this machine's lock as `CellLock.acquire` does, once no other machine has the cell.

        Raises:
            Timeout: another process or machine has it, and `timeout` seconds have passed.
        """
        end = float("inf") if timeout < 0 else time.monotonic() + timeout
        while True:
            super().acquire(-1 if timeout < 0 else max(0.0, end - time.monotonic()))
            try:
                if not self._taken():
                    return self
            except BaseException:
                self.release()
                raise
            self.release()
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise Timeout("the claim of another machine")
            time.sleep(min(LOOK_AGAIN_S, left_s))
