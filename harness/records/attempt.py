"""One recorded attempt at a cell, read back from the store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...errors import StoreError
from ...file_digest import digest_files
from ..cells.cell import Cell
from ..running.worker_events import PROBE_TIME, PROBED
from .front_record import FrontRecord

T = TypeVar("T", list[Any], dict[str, Any])

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

    def noted(self, name: str, kind: type[T]) -> T:
        """What one of its JSON files holds; empty where it is missing or damaged, since no score depends on it."""
        try:
            found = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return kind()
        return found if isinstance(found, kind) else kind()

    def quality_over_time(self) -> list[tuple[float, float]]:
        """Seconds of the fit and hypervolume of the set in the making, in order; empty where it was not looked at."""
        if f"train_{PROBED}" not in self.metrics:  # not every curve is worth reading
            return []
        try:
            points = self.noted("curve.json", list)
            probed = [(float(point[PROBE_TIME]), float(point[PROBED])) for point in points if PROBE_TIME in point]
        except (TypeError, ValueError, KeyError):
            return []
        return sorted(point for point in probed if all(map(math.isfinite, point)))

    def intact(self) -> FrontRecord | None:
        """Its recorded front if it finished and the file is undamaged."""
        try:
            return self.record() if self.status == "finished" else None
        except StoreError:
            return None
