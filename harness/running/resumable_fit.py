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
from ...whole_file import replacing
from .meter import Meter
from .worker_events import Reporter

FILE = "fit.json"


@dataclass(frozen=True)
class FitSoFar:
    """What a fit had cost and shown at its last checkpoint, the attempts it resumes from included."""

    made_with: Mapping[str, str]
    """What decides a fit besides its cell; a checkpoint made with anything else is of no use."""
    elapsed_s: float = 0.0
    resumes: int = 0
    """How often it was taken up again."""
    peaks: Mapping[str, float] = field(default_factory=dict)
    """Metric -> bytes."""
    curve: Sequence[Mapping[str, float]] = ()

    def write(self, folder: Path) -> None:
        """Write it beside the checkpoints, whole or not at all."""
        with replacing(folder / FILE) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> FitSoFar | None:
        """Read it back; None where there is none, or none that can be read."""
        try:
            return cls(**json.loads((folder / FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return None


class ResumableFit:
    """Gives one fit its checkpoints and its progress, and adds what it had cost before to what is measured now.

    Make it when the fit begins. Checkpoints of other experts, another device or another torch, or that do not say
    what they cost, are removed first.

    Args:
        folder: belongs to the cell, survives attempts.
        made_with: what decides the fit besides its cell.
        interval_s: least time between two checkpoints.
        reporter: keeps the training curve.
        meter: measures the phase `fit`, which has begun.
        device: that it runs on.
        uncounted_s: seconds so far that the fit was held up by being looked at.
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

    def progress(self, activity: str, step: int, total: int, **metrics: float) -> None:
        """A `Progress`: the reporter's; a step that is saved and then reported is on the saved curve too."""
        self._reporter(activity, step, total, **metrics)
        if self._at_checkpoint is not None:
            dataclasses.replace(self._at_checkpoint, curve=self._reporter.curve).write(self._folder)
            self._at_checkpoint = None

    @property
    def elapsed_s(self) -> float:
        """Seconds the fit has taken so far, attempts before this one included, those of being looked at not."""
        return self._earlier.elapsed_s + time.perf_counter() - self._start - self._uncounted_s()

    def whole(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Metrics of the phase `fit` over all attempts: times added, peaks the highest; `resumed_fits` if it was."""
        earlier = self._earlier
        found = dict(metrics)
        found["fit_time_s"] += earlier.elapsed_s - self._uncounted_s()
        for name, peak in earlier.peaks.items():
            found[name] = max(found.get(name, 0.0), peak)
        if earlier.resumes:
            found["resumed_fits"] = float(earlier.resumes)
        return found

    def _saved(self) -> None:
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
    """Says what to do when a checkpoint cannot be written."""

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        try:
            super().save(name, state)
        except (OSError, RuntimeError) as error:
            # What torch raises on a full disk has no type of its own.
            if isinstance(error, RuntimeError) and "inline_container" not in str(error):
                raise
            why = error.strerror if isinstance(error, OSError) else "the disk is full?"
            raise StoreError(
                f"a checkpoint of the fit cannot be written to {self._folder} ({why}); free some space, "
                "then the same command goes on from the checkpoint before"
            ) from error
