"""The status of an attempt at a cell, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...one_line import as_one_line


class Status(StrEnum):
    """The status of a recorded attempt; stores and leaderboards write the values."""

    RUNNING = "running"
    FINISHED = "finished"
    UNSUPPORTED = "unsupported"
    """The learner, perhaps as configured, needs what the suite does not offer; running it again would not help."""
    FAILED = "failed"
    OUT_OF_MEMORY = "out of memory"
    TIMED_OUT = "timed out"
    """The attempt took longer than its limit of time (`--cell-timeout`)."""
    OVER_MEMORY_LIMIT = "over its memory limit"
    """The attempt took more memory than its limit (`--cell-memory`), however much the machine has."""
    KILLED = "killed"
    """The attempt's process was ended from outside."""
    UNRECORDED = "not recorded yet"
    """The attempt finished, and its result waits on this machine: no store knows this status."""
    STOPPED = "stopped"
    """The attempt was ended early because its result is no longer wanted."""

    @property
    def settled(self) -> bool:
        """Whether another attempt would only repeat this one."""
        return self in (Status.FINISHED, Status.UNSUPPORTED)

    @property
    def gave_up(self) -> bool:
        """Whether the attempt ended without a result, and another one may have one."""
        return not self.settled and self not in (Status.RUNNING, Status.UNRECORDED)


@dataclass(frozen=True)
class Ending:
    """The status that an attempt ended with, and why."""

    status: Status
    reason: str = ""
    """Why it ended with this status, in one sentence; empty where it finished."""
    resumable: bool = False
    """Whether the next attempt should continue from this one's checkpoints."""
    repeats: bool = False
    """Whether another attempt would end in the same way while nothing is changed: what was configured cannot be run."""

    @property
    def passes(self) -> bool:
        """Whether a command that asked for the cell has done all it could: it finished, or no options could help."""
        return self.status.settled and not self.repeats

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", as_one_line(self.reason))  # whatever raised the error said
