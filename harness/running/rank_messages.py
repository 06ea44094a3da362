"""What the processes of one fit tell each other, beside the numbers that they sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..records.status import Ending


class Order(Enum):
    """What the first process tells each other one."""

    PREPARE = "prepare"
    """The problem is prepared: what its preparation keeps in caches is there."""
    FIT = "fit"
    """The others are awaited in the process group, and checkpoints are those to go on from."""
    GO_ON = "go on"
    """A probe of the partial set is over."""


@dataclass(frozen=True)
class Prepared:
    """This process has prepared the problem."""

    digest: str
    """Of the pre-trained model and the experts, see `digest_problem`."""


@dataclass(frozen=True)
class Fitted:
    """The fit has ended in this process as it should."""

    peaks: Mapping[str, float]
    """Memory peaks of its device in bytes, by the name of the measurement."""


@dataclass(frozen=True)
class Failed:
    """An error has ended the fit in this process."""

    ending: Ending
    of_another: bool
    """Whether the error is that another process has ended or does not answer."""
