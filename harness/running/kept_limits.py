"""Look whether an attempt at a cell keeps its limits of time and memory, from outside its process."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

from ..records.status import Ending, Status
from .cell_limits import CellLimits, as_duration, as_size
from .process_memory import ProcessTree
from .resumable_fit import has_checkpoint

LOOK_INTERVAL_S = 1.0
"""Least seconds between two looks at the memory of a worker."""
BEGINNING_S = 0.1
"""Seconds a new child has to begin its own program; until then it may have its parent's memory, counted twice."""
LARGEST_SHARE = 0.05
"""Largest share of one processor that looking takes: near the limit the kernel walks all pages, some 25 ms for each GB
of each process."""


class KeptLimits:
    """Tells how a worker is to be ended that has exceeded a limit; its time starts when this object is made.

    Args:
        limits: what the attempt may take.
        checkpoints: folder of the fit's checkpoints.
    """

    def __init__(self, limits: CellLimits, checkpoints: Path) -> None:
        self._limits = limits
        self._checkpoints = checkpoints
        self._start = time.monotonic()
        self._next_look = self._start
        self._tree: ProcessTree | None = None
        self.phase = ""
        """The phase that the cell is in; empty before the first."""

    def exceeded(self, keeper: int) -> Ending | None:
        """Return the ending of an attempt that has exceeded a limit, given its keeper; None where it keeps them."""
        now = time.monotonic()
        limit_s = self._limits.timeout_s
        if limit_s is not None and now - self._start > limit_s:
            return self._ending(
                Status.TIMED_OUT,
                f"it was ended {self._where} when it had taken {as_duration(now - self._start)}, and its limit of time "
                f"is {as_duration(limit_s)}",
                "--cell-timeout",
            )
        limit_bytes = self._limits.memory_bytes
        if limit_bytes is not None and now >= self._next_look:
            before = time.thread_time()
            found = self._resident_bytes(keeper, limit_bytes)
            self._next_look = now + max(LOOK_INTERVAL_S, (time.thread_time() - before) / LARGEST_SHARE)
            if found > limit_bytes:
                return self._ending(
                    Status.OVER_MEMORY_LIMIT,
                    f"it was ended {self._where} when its processes took {as_size(found)} of memory, above its limit "
                    f"of {as_size(limit_bytes)}",
                    "--cell-memory",
                )
        return None

    @property
    def _where(self) -> str:
        return f"in the phase {self.phase}" if self.phase else "before its first phase"

    def _ending(self, status: Status, what: str, option: str) -> Ending:
        """Return an ending whose reason says what to do."""
        kept = has_checkpoint(self._checkpoints)
        advice = "the same command goes on from its last checkpoint" if kept else "no checkpoint of its fit is kept"
        return Ending(status, f"{what}; {advice}; {option} sets the limit", resumable=True)

    def _resident_bytes(self, keeper: int, limit_bytes: int) -> int:
        """Return the memory of all that a keeper keeps, counted page by page only where it may be above the limit."""
        with contextlib.suppress(psutil.Error):  # it has just ended
            self._tree = self._tree or ProcessTree(below=keeper)
            most = self._tree.added_up_bytes()
            found = most if most <= limit_bytes else self._tree.resident_bytes()
            if found > limit_bytes and self._tree.has_new_children:
                time.sleep(BEGINNING_S)
                found = min(found, self._tree.resident_bytes())
            return found
        return 0
