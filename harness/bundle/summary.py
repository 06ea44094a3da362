"""Summaries of an export and of an import, for programs and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..scoring.units import as_bytes
from .plan import Conflict

NAMED = 10
"""The number of items that a message names before it counts the rest."""


@dataclass(frozen=True)
class BundleSummary:
    """A summary of what an export has written."""

    file: Path
    finished: int
    unfinished: int
    """The number of cells that failed, are unsupported or have not been run."""
    suites: tuple[str, ...]
    size_bytes: int
    left_out: tuple[str, ...] = ()
    """For each finished cell that is not shared its run, and which file is lost or damaged."""

    @property
    def sentence(self) -> str:
        """The summary for people, one line."""
        unfinished = f" and {self.unfinished} unfinished" if self.unfinished else ""
        return (
            f"wrote {self.file}: {self.finished} finished{unfinished} cells of {', '.join(self.suites)}, "
            f"{as_bytes(self.size_bytes)}"
        )


@dataclass(frozen=True)
class ImportSummary:
    """A summary of what an import did with a bundle's cells."""

    file: Path
    finished: int
    """The number of cells imported with their fronts."""
    unfinished: int
    """The number of cells imported as not run yet, or with the reason why they did not finish."""
    already: int
    """The number of cells of which the store had the same front, or knew more than the bundle says."""
    conflicts: tuple[Conflict, ...]
    """Disagreements in which the store's own was kept and the bundle's left out."""
    busy: tuple[str, ...]
    """Titles of cells that were left out because another process was working on them."""
    notes: tuple[str, ...]
    """Sentences that a reader of the leaderboard should know."""

    @property
    def sentence(self) -> str:
        """The summary for people, one line."""
        parts = [
            f"imported {self.finished} finished and {self.unfinished} unfinished cells from {self.file.name}, "
            f"{self.already} were there already"
        ]
        if self.conflicts:
            parts.append(f"kept this store's own where the two disagree: {listed(self.conflicts)}")
        if self.busy:
            parts.append(f"left out what another process works on, import it again later: {listed(self.busy)}")
        return "; ".join([*parts, *self.notes])


def listed(items: Sequence[object]) -> str:
    """Return the names of the first few items, and how many more there are."""
    named = "; ".join(str(item) for item in items[:NAMED])
    return named if len(items) <= NAMED else f"{named}; and {len(items) - NAMED} more"
