"""How an attempt at a cell stands or has ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a recorded attempt's status can be; the values are what stores and leaderboards write."""

    RUNNING = "running"
    FINISHED = "finished"
    UNSUPPORTED = "unsupported"
    """The learner asks what the suite cannot give."""
    FAILED = "failed"
    OUT_OF_MEMORY = "out of memory"
    KILLED = "killed"
    """Its process was ended from outside."""
    STOPPED = "stopped"
    """It was given up since nobody wants its result any more."""

    @property
    def settled(self) -> bool:
        """Whether another attempt would only repeat this one."""
        return self in (Status.FINISHED, Status.UNSUPPORTED)


@dataclass(frozen=True)
class Ending:
    """The status an attempt ended with, and why."""

    status: Status
    reason: str = ""
    """One sentence; empty where it finished."""
    resumable: bool = False
    """Whether the next attempt should go on from this one's checkpoints."""
