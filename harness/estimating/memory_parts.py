"""The parts that the memory of a training step falls into, and its peak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class MemoryPart(StrEnum):
    """What a tensor of a training step is for."""

    WEIGHTS = "weights"
    """The pre-trained model, the heads, and whatever else is trained or stays as it is."""
    DATA = "data"
    """The examples of all splits, where a suite keeps them on the GPU."""
    TASK_VECTORS = "task vectors"
    """The experts, and what a learner forms and keeps of them."""
    MERGED = "merged copy"
    """Weights that a learner makes and runs the model with."""
    ACTIVATIONS = "activations"
    """The batch, what a forward pass makes of it, and all else that no other part holds."""
    GRADIENTS = "gradients"
    """What a backward pass makes, of activations too."""
    OPTIMISER = "optimiser state"
    """What the optimizer keeps, and makes while it changes the weights."""


class Storage:
    """The memory of a tensor and of its views, with when it came to be and when it was freed."""

    __slots__ = ("born", "died", "n_bytes", "part", "settled")

    def __init__(self, n_bytes: int, part: MemoryPart, born: int) -> None:
        self.n_bytes = n_bytes
        self.part = part
        self.born = born
        self.died: int | None = None
        """None as long as it is in use."""
        self.settled = False
        """Whether `part` is known and not only what it was taken for when it came to be."""


@dataclass(frozen=True)
class Peak:
    """The most memory in use at a moment, in bytes, by part."""

    parts: Mapping[MemoryPart, int]
    """Every part, in the order of `MemoryPart`; 0 where there was none."""

    @property
    def n_bytes(self) -> int:
        """The sum of all parts."""
        return sum(self.parts.values())


def peak_between(storages: Iterable[Storage], start: int, end: int) -> Peak:
    """Return the peak from one moment to before another.

    Args:
        storages: all that there was, with their parts.
        start, end: moments, as storages count them.
    """
    changes = [(one.born, one.n_bytes, one.part) for one in storages]
    changes += [(one.died, -one.n_bytes, one.part) for one in storages if one.died is not None]
    now = dict.fromkeys(MemoryPart, 0)
    total, most, found = 0, -1, dict(now)
    for moment, change, part in sorted(changes):
        if moment >= end:
            break
        if moment >= start and total > most:  # what was in use when the span began counts, too
            most, found = total, dict(now)
        now[part] += change
        total += change
        if moment >= start and total > most:
            most, found = total, dict(now)
    return Peak(found if total <= most else now)
