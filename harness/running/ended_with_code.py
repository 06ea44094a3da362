"""What the exit status of a worker says about how its cell ended, where the worker has not said so itself."""

from __future__ import annotations

import os
from pathlib import Path

from ..records.status import Ending, Status
from .reason import in_one_line

TAIL_BYTES = 4096
"""How much of the end of a log is read."""


def ended_with_code(code: int, log: Path) -> Ending:
    """Return the ending of a worker, given its exit status as multiprocessing gives it, and its log."""
    if code < 0:
        return Ending(Status.KILLED, f"its process {by_signal(-code)}", resumable=True)
    return Ending(Status.FAILED, f"its process ended with status {code}: {_last_line(log)}")


def by_signal(number: int) -> str:
    """Return the words for a process that a signal has ended."""
    return f"was ended by signal {number}{' (out of memory?)' if number == 9 else ''}"


def _last_line(log: Path) -> str:
    """Return the last line of a log that is not empty, without reading what may be gigabytes before it."""
    try:
        with log.open("rb") as file:
            file.seek(-min(TAIL_BYTES, log.stat().st_size), os.SEEK_END)
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return in_one_line(lines[-1])[:300] if lines else "it printed nothing"
