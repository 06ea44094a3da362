"""Resume a fit from its last checkpoint, carrying over elapsed time, memory peaks and training curve."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ...errors import StoreError
from ...methods import Checkpoints
from ...os_errors import because
from ...whole_file import replacing
from .meter import Meter
from .worker_events import Reporter

FILE = "fit.json"
"""Name of the file beside the checkpoints that holds what the fit had cost."""


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
        with replacing(folder / FILE) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> FitSoFar | None:
        """Read the `fit.json` of a folder; return None where it is missing or cannot be read."""
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


class ResumableFit:
    """Gives one fit its checkpoints and its progress callback, and adds the costs of earlier attempts to its own.

    Create it when the fit begins. It first removes checkpoints that were made with other experts, another device or
    another torch, or whose costs are not known.

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
        found["fit_time_s"] += earlier.elapsed_s - self._uncounted_s()
        for name, peak in earlier.peaks.items():
            found[name] = max(found.get(name, 0.0), peak)
        if earlier.resumes:
            found["resumed_fits"] = float(earlier.resumes)
        return found

    def _saved(self) -> None:
        """Write what the fit has cost so far, beside the checkpoint that was just saved."""
        earlier = self._earlier
        peaks = {name: value for name, value in self._meter.metrics.items() if name.startswith("fit_peak")}
        if self._device.type == "cuda":
            peaks["fit_peak_gpu_allocated_bytes"] = torch.cuda.max_memory_allocated(self._device)
            peaks["fit_peak_gpu_reserved_bytes"] = torch.cuda.max_memory_reserved(self._device)
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
            why = because(error) if isinstance(error, OSError) else "(the disk is full?); free some space"
            raise StoreError(
                f"a checkpoint of the fit cannot be written to {self._folder} {why}; "
                "then the same command goes on from the checkpoint before"
            ) from error
