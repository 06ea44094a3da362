"""One recorded attempt at a cell, read back from the store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import StoreError
from ...file_digest import digest_files
from ..cells.cell import Cell
from .coefficients import MergeCoefficients
from .curve import PROBE_TIME, PROBED
from .finished_cell import COEFFICIENTS, CURVE, FRONT, FinishedCell
from .first_layout import COEFFICIENTS as FIRST_COEFFICIENTS
from .front_record import TRUE_FRONT, FrontRecord
from .status import Status


@dataclass(frozen=True)
class Attempt:
    """One recorded attempt at a cell."""

    run_id: str
    experiment_id: str
    """MLflow's, of the suite."""
    cell: Cell
    status: Status
    reason: str
    """One sentence, empty where it finished or runs."""
    metrics: Mapping[str, float]
    """The last value of every metric on its run: costs, and whatever was published of its scores."""
    reference: str | None
    """Digest of the reference front that the IGD on its run was measured to."""
    folder: Path
    """Where its files lie."""
    digests: Mapping[str, str]
    """SHA-256 of the files that results are computed from, by file name."""
    tags: Mapping[str, str]
    """All tags of its run: among them versions and machine."""

    def record(self) -> FrontRecord:
        """Return its recorded front; StoreError when a file is missing or not the one that was recorded."""
        if TRUE_FRONT in self.digests:
            self.artifact(TRUE_FRONT)
        return FrontRecord.read(self.artifact(FRONT))

    def finished(self) -> FinishedCell:
        """Return all that was recorded of a finished cell; StoreError when a file is missing or damaged."""
        for name in self.digests:
            self.artifact(name)
        return FinishedCell.read(self.folder)

    def coefficients(self) -> MergeCoefficients | None:
        """Return its merge coefficients, None where it merged nothing; StoreError when the file is damaged."""
        for name in (COEFFICIENTS, FIRST_COEFFICIENTS):
            if name in self.digests:
                return MergeCoefficients.read(self.artifact(name))
        return None

    def artifact(self, name: str) -> Path:
        """Return one of the files in `digests`; StoreError when it is missing or not the one that was recorded."""
        file = self.folder / name
        try:
            found = digest_files(file)
        except OSError as error:
            raise StoreError(f"{file} cannot be read ({error.strerror})") from error
        if found != self.digests.get(name):
            raise StoreError(f"{file} is damaged: it is not the file that was recorded")
        return file

    def quality_over_time(self) -> list[tuple[float, float]]:
        """Return (seconds of the fit, hypervolume of the set so far), in order; empty where it was not probed."""
        if f"train_{PROBED}" not in self.metrics:  # not every curve is worth reading
            return []
        try:
            points = json.loads((self.folder / CURVE).read_text())
            probed = [(float(point[PROBE_TIME]), float(point[PROBED])) for point in points if PROBE_TIME in point]
        except (OSError, TypeError, ValueError, KeyError):
            return []  # no score depends on it
        return sorted(point for point in probed if all(map(math.isfinite, point)))

    def intact(self) -> FrontRecord | None:
        """Return its recorded front if it finished and the file is undamaged."""
        try:
            return self.record() if self.status is Status.FINISHED else None
        except StoreError:
            return None
