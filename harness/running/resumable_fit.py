"""Resume a fit from its last checkpoint, carrying over elapsed time, memory peaks and training curve."""

from __future__ import annotations

import dataclasses
import errno
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ...checked_json import read_checked, write_checked
from ...errors import StoreError
from ...methods import Checkpoints
from ...tasks.cache_folder import because_in
from .meter import Meter, gpu_peaks
from .rounded_seconds import rounded_seconds
from .worker_events import Reporter

logger = logging.getLogger("frontrunner")

FILE = "fit.json"
"""Name of the file beside the checkpoints that holds what the fit had cost."""


def has_checkpoint(folder: Path) -> bool:
    """Return whether a folder of checkpoints, which may not exist, holds one that a fit can go on from."""
    return (folder / FILE).is_file()


@dataclass(frozen=True)
class FitSoFar:
    """The costs and the training curve of a fit at its last checkpoint, earlier attempts included."""

    made_with: Mapping[str, str]
    """What decides a fit besides its cell; a checkpoint made with anything else cannot be used."""
    elapsed_s: float = 0.0
    """Seconds that the fit had taken, without those of probing."""
    resumes: int = 0
    """How often the fit has been resumed."""
    peaks: Mapping[str, float] = field(default_factory=dict)
    """Memory peaks in bytes, by name."""
    curve: Sequence[Mapping[str, float]] = ()
    """Points of the training curve."""

    def write(self, folder: Path) -> None:
        """Write `fit.json` beside the checkpoints, completely or not at all."""
        write_checked(folder / FILE, dataclasses.asdict(self), flushed=True)

    @classmethod
    def read(cls, folder: Path) -> FitSoFar | None:
        """Read the `fit.json` of a folder; None where it is missing or damaged, or of a version without a checksum."""
        try:
            return cls(**read_checked(folder / FILE))
        except (OSError, KeyError):
            return None
        except (ValueError, TypeError) as error:
            logger.warning("the costs of a fit in %s are damaged (%s), so that it starts anew", folder / FILE, error)
            return None


class ResumableFit:
    """Gives one fit its checkpoints and its progress callback, and adds the costs of earlier attempts to its own.

    Create it when the fit begins. It first removes checkpoints that were made with other experts, another device or
    another torch, or whose costs are not known; all of them, where one is damaged.

    Args:
        folder: the cell's folder of checkpoints, which outlives attempts.
        made_with: what decides the fit besides its cell.
        interval_s: least seconds between two checkpoints.
        reporter: keeps the training curve.
        meter: measures the phase `fit`, which has begun.
        device: the torch device that the fit runs on.
        uncounted_s: returns the seconds that probing has taken so far, which are not charged to the fit.
    """

    def __init__(
        self,
        folder: Path,
        *,
        made_with: Mapping[str, str],
        interval_s: float,
        reporter: Reporter,
        meter: Meter,
        device: str,
        uncounted_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._uncounted_s = uncounted_s
        self._folder = folder
        self._reporter = reporter
        self._meter = meter
        self._device = torch.device(device)
        self._start = time.perf_counter()
        earlier = FitSoFar.read(folder)
        if damaged := Checkpoints(folder).damaged():
            logger.warning("%s, so that the fit starts anew", damaged)
            earlier = None
        if earlier is None or earlier.made_with != made_with:
            shutil.rmtree(folder, ignore_errors=True)
            self._earlier = FitSoFar(made_with)
        else:
            self._earlier = dataclasses.replace(earlier, resumes=earlier.resumes + 1)
        self._at_checkpoint: FitSoFar | None = None
        reporter.go_on_from(self._earlier.curve)
        self.checkpoints = _ExplainedCheckpoints(folder, interval_s=interval_s, on_save=self._saved)

    def progress(self, activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
        """Report progress (a `Progress`); a step that was saved just before is also added to the saved curve."""
        self._reporter(activity, step, total, unit=unit, **metrics)
        if self._at_checkpoint is not None:
            dataclasses.replace(self._at_checkpoint, curve=self._reporter.curve).write(self._folder)
            self._at_checkpoint = None

    @property
    def elapsed_s(self) -> float:
        """Seconds the fit has taken so far, with those of earlier attempts and without those of probing."""
        return self._earlier.elapsed_s + time.perf_counter() - self._start - self._uncounted_s()

    def whole(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Return the costs of the fit over all attempts, given those of this one.

        Times are added, peaks are the highest of all attempts, and `resumed_fits` is added where the fit was resumed.
        """
        earlier = self._earlier
        found = dict(metrics)
        found["fit_time_s"] = rounded_seconds(found["fit_time_s"] + earlier.elapsed_s - self._uncounted_s())
        for name, peak in earlier.peaks.items():
            found[name] = max(found.get(name, 0.0), peak)
        if earlier.resumes:
            found["resumed_fits"] = float(earlier.resumes)
        return found

    def _saved(self) -> None:
        """Write what the fit has cost so far, beside the checkpoint that was just saved."""
        earlier = self._earlier
        peaks = {name: value for name, value in self._meter.metrics.items() if name.startswith("fit_peak")}
        peaks.update(gpu_peaks("fit", self._device))
        self._at_checkpoint = dataclasses.replace(
            earlier,
            elapsed_s=self.elapsed_s,
            peaks={name: max(earlier.peaks.get(name, 0.0), value) for name, value in peaks.items()},
            curve=self._reporter.curve,
        )
        self._at_checkpoint.write(self._folder)


class _ExplainedCheckpoints(Checkpoints):
    """Checkpoints whose error says what to do when one cannot be written."""

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        try:
            super().save(name, state)
        except (OSError, RuntimeError) as error:
            # On a full disk torch raises a RuntimeError, which only its text tells from others.
            if isinstance(error, RuntimeError) and "inline_container" not in str(error):
                raise
            # It tells no number, and so no reason.
            full = OSError(errno.ENOSPC, "the disk is full?")
            why = because_in(self._folder or Path(), error if isinstance(error, OSError) else full)
            raise StoreError(
                f"a checkpoint of the fit cannot be written to {self._folder} {why}; "
                "then the same command goes on from the checkpoint before"
            ) from error
