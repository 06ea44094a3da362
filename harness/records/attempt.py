"""An attempt at a cell, as the store has recorded it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import StoreError, UnreadableError
from ...file_digest import digest_files
from ..cells.cell import Cell
from .coefficients import MergeCoefficients
from .curve import PROBE_TIME, PROBED
from .example_errors import ExampleErrors
from .finished_cell import COEFFICIENTS, CURVE, EXAMPLE_ERRORS, FRONT, STATE, FinishedCell
from .first_layout import COEFFICIENTS as FIRST_COEFFICIENTS
from .first_layout import read_recorded
from .front_record import TRUE_FRONT, FrontRecord
from .json_limits import parse_json, read_limited
from .metric_names import CURVE_METRIC
from .mlflow_tags import MISFIT
from .not_read import not_read
from .status import Ending, Status


@dataclass(frozen=True)
class Attempt:
    """One attempt at a cell, read back from the store."""

    run_id: str
    """Id of the attempt's MLflow run."""
    experiment_id: str
    """Id of the suite's MLflow experiment."""
    cell: Cell
    status: Status
    reason: str
    """Why the attempt has this status, in one sentence; empty where it finished or still runs."""
    metrics: Mapping[str, float]
    """The last value of every MLflow metric of the run, by name: costs, and the scores published so far."""
    reference: str | None
    """Digest of the reference front that the IGD published on the run was measured to; None without one."""
    folder: Path
    """Folder of the run's files."""
    digests: Mapping[str, str]
    """SHA-256 digests of the files that results are computed from, by file name."""
    tags: Mapping[str, str]
    """All tags of the run, versions and machine among them."""
    fetch: Callable[[str], object] | None = field(default=None, compare=False, repr=False)
    """Brings a file into `folder`, where the store is on a server; None where all files are there."""

    def __getstate__(self) -> dict[str, object]:
        """Leave `fetch` behind, which belongs to this process: where this is sent, files are those that are there."""
        return {**self.__dict__, "fetch": None}

    @property
    def ending(self) -> Ending:
        """How the attempt has ended."""
        return Ending(self.status, self.reason, repeats=MISFIT in self.tags)

    def record(self) -> FrontRecord:
        """Return the recorded front; raise StoreError when a file is missing or not the one that was recorded."""
        if TRUE_FRONT in self.digests:
            self.artifact(TRUE_FRONT)
        return FrontRecord.read(self.artifact(FRONT))

    def finished(self, *, without_state: bool = False) -> FinishedCell:
        """Return everything recorded of a finished cell; raise StoreError when a file is missing or damaged.

        Args:
            without_state: do not ask for the learned weights, which may be missing or damaged then.
        """
        for name in self.digests:
            if not (without_state and name == STATE):
                self.artifact(name)
        return read_recorded(self.folder, without_state=without_state)

    def coefficients(self) -> MergeCoefficients | None:
        """Return the merge coefficients, None where nothing was merged; raise StoreError when the file is damaged."""
        for name in (COEFFICIENTS, FIRST_COEFFICIENTS):
            if name in self.digests:
                return MergeCoefficients.read(self.artifact(name))
        return None

    def example_errors(self) -> ExampleErrors | None:
        """Return which test examples each member answers wrongly, None where nobody knows; StoreError when damaged."""
        return ExampleErrors.read(self.artifact(EXAMPLE_ERRORS)) if EXAMPLE_ERRORS in self.digests else None

    def artifact(self, name: str) -> Path:
        """Return the path of a file in `digests`; raise StoreError when it is missing or not the one recorded."""
        file = self.located(name)
        try:
            if digest_files(file) == self.digests.get(name):
                return file
            if self.fetch is not None:  # what was brought here may have been damaged here
                file.unlink()
                if digest_files(self.located(name)) == self.digests.get(name):
                    return file
        except OSError as error:
            raise not_read(str(file), error) from error
        raise StoreError(f"{file} is damaged: it is not the file that was recorded")

    def located(self, name: str) -> Path:
        """Return where a file of the run lies, brought here first where the store is on a server; it is not checked.

        Raises:
            ServerAwayError: it has to be brought here, and the server does not answer.
        """
        file = self.folder / name
        if self.fetch is not None and not file.exists():
            self.fetch(name)
        return file

    def quality_over_time(self) -> list[tuple[float, float]]:
        """Return (seconds of the fit, hypervolume of the partial set) in order of time; empty without probes."""
        if f"{CURVE_METRIC}{PROBED}" not in self.metrics:  # do not read a curve that has no such points
            return []
        try:
            points = parse_json(read_limited(self.located(CURVE)), CURVE)
            probed = [(float(point[PROBE_TIME]), float(point[PROBED])) for point in points if PROBE_TIME in point]
        except (OSError, TypeError, ValueError, KeyError):
            return []  # no score depends on the curve, so a damaged one is no error
        return sorted(point for point in probed if all(map(math.isfinite, point)))

    def intact(self) -> FrontRecord | None:
        """Return the recorded front if the attempt finished and its file is undamaged, else None.

        Raises:
            UnreadableError: the file cannot be read now, which does not say that it is damaged.
        """
        try:
            return self.record() if self.status is Status.FINISHED else None
        except UnreadableError:
            raise
        except StoreError:
            return None
