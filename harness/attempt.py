"""One recorded attempt at a cell, read back from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreError
from ..file_digest import digest_files
from .cell import Cell
from .front_record import FrontRecord

SETTLED = ("finished", "unsupported")
"""Statuses that another attempt would only repeat."""


@dataclass(frozen=True)
class Attempt:
    """One recorded attempt at a cell."""

    run_id: str
    experiment_id: str
    """MLflow's, of the suite."""
    cell: Cell
    status: str
    """finished, unsupported, running, failed, out of memory, killed or stopped."""
    reason: str
    """One sentence, empty where it finished or runs."""
    metrics: Mapping[str, float]
    reference: str | None
    """Digest of the reference front its recorded IGD was measured to."""
    folder: Path
    """Where its artifacts lie."""

    digests: Mapping[str, str]
    """SHA-256 of its artifacts that results are computed from, by file name."""
    tags: Mapping[str, str]
    """All of its run's: among them versions and machine."""

    def record(self) -> FrontRecord:
        """Its recorded front; StoreError when the file is missing or not the one that was recorded."""
        return FrontRecord.read(self.artifact("front.parquet"))

    def artifact(self, name: str) -> Path:
        """One of the files in `digests`; StoreError when it is missing or not the one that was recorded."""
        file = self.folder / name
        try:
            found = digest_files(file)
        except OSError as error:
            raise StoreError(f"{file} cannot be read ({error.strerror})") from error
        if found != self.digests.get(name):
            raise StoreError(f"{file} is damaged: it is not the file that was recorded")
        return file

    def intact(self) -> FrontRecord | None:
        """Its recorded front if it finished and the file is undamaged."""
        try:
            return self.record() if self.status == "finished" else None
        except StoreError:
            return None
