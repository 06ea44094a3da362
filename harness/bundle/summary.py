"""What an export has written and what an import has added, for programs and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..scoring.units import as_bytes
from .plan import Conflict

NAMED = 10
"""How many a message names."""


@dataclass(frozen=True)
class BundleSummary:
    """What an export has written."""

    file: Path
    finished: int
    unfinished: int
    """Cells that failed, are unsupported or have not been run."""
    suites: tuple[str, ...]
    size_bytes: int

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
    """What became of a bundle's cells."""

    file: Path
    finished: int
    """Imported with their fronts."""
    unfinished: int
    """Imported as not run yet, or with the reason why they did not finish."""
    already: int
    """The store had them, with the same front or more than the bundle says."""
    conflicts: tuple[Conflict, ...]
    """Left out, the store's own kept."""
    busy: tuple[str, ...]
    """Left out, since another process was working on them."""
    notes: tuple[str, ...]
    """What a reader of the leaderboard should know."""

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
    """Name the first few, and say how many more there are."""
    named = "; ".join(str(item) for item in items[:NAMED])
    return named if len(items) <= NAMED else f"{named}; and {len(items) - NAMED} more"
