"""What a leaderboard can show of a run: every measure's name, heading, direction and unit, in one place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ...metrics.statistics import MeanInterval
from ..quantities import as_bytes, as_count, as_time

Unit = Literal["quality", "seconds", "bytes", "count"]


def _as_quality(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"


_TEXT: dict[Unit, Callable[[float], str]] = {
    "quality": _as_quality,
    "seconds": as_time,
    "bytes": as_bytes,
    "count": as_count,
}


@dataclass(frozen=True)
class Measure:
    """One number of a run."""

    name: str
    """As recorded, with its unit."""
    heading: str
    """For tables, without a direction."""
    unit: Unit
    maximize: bool
    """Whether more of it is better."""
    about: str
    """One line for people."""
    least: float = 0.0
    """It cannot be below."""
    most: float = math.inf
    """Nor above."""

    @property
    def titled(self) -> str:
        """The heading; with an arrow towards better for qualities, since costs need none."""
        if self.unit != "quality":
            return self.heading
        return f"{self.heading} {'↑' if self.maximize else '↓'}"

    def possible(self, interval: MeanInterval) -> MeanInterval:
        """Clip an interval of the mean to the measure's range; coverage is unchanged."""
        return _clipped(interval, self.least, self.most)

    def possible_difference(self, interval: MeanInterval) -> MeanInterval:
        """Clip an interval of the mean difference to what two values of the measure can differ by."""
        return _clipped(interval, self.least - self.most, self.most - self.least)

    def text(self, value: float) -> str:
        """A value as people read it."""
        return _TEXT[self.unit](value)


def _clipped(interval: MeanInterval, least: float, most: float) -> MeanInterval:
    if interval.low is None or interval.high is None:
        return interval
    # Rounding, or an estimate, may put the mean itself out of the range: the interval still holds it.
    low, high = max(interval.low, min(least, interval.mean)), min(interval.high, max(most, interval.mean))
    return dataclasses.replace(interval, low=low, high=high)


_QUALITIES = (
    Measure("hypervolume", "HV", "quality", True, "volume dominated within the reference point, raw objectives"),
    Measure(
        "normalised_hypervolume",
        "norm. HV",
        "quality",
        True,
        "hypervolume with each objective scaled so that the task's expert is 0 and the pre-trained model 1",
    ),
    Measure(
        "hypervolume_ratio",
        "HV ratio",
        "quality",
        True,
        "hypervolume as a share of the true front's, if known",
        most=1.0,
    ),
    Measure("igd", "IGD", "quality", False, "mean distance from the reference front to the nearest answer"),
    Measure("igd_plus", "IGD+", "quality", False, "IGD that counts only what is worse than the reference front"),
    Measure(
        "alignment",
        "align.",
        "quality",
        True,
        "does raising a task's weight improve it: mean Spearman correlation over tasks, 1 at best",
        least=-1.0,
        most=1.0,
    ),
    Measure("spread", "spread", "quality", True, "share of the reference front's extent that it covers", most=1.0),
    Measure("largest_gap", "gap", "quality", False, "largest gap along the front"),
    Measure("dominated_share", "dominated", "quality", False, "share of answers that another one dominates", most=1.0),
    Measure(
        "non_uniformity",
        "non-unif.",
        "quality",
        False,
        "how far weighted losses are from equal (EPO's mu), mean over interior preferences",
    ),
    Measure(
        "expected_utility",
        "exp. cost",
        "quality",
        False,
        "weighted error of the best answer, mean over preferences",
        least=-math.inf,
    ),
)

_COSTS = (
    Measure("wall_time_s", "wall time", "seconds", False, "fit and evaluation, without preparing the problem"),
    Measure("prepare_time_s", "prepare", "seconds", False, "preparing the problem; experts may come from the cache"),
    Measure("fit_time_s", "fit", "seconds", False, "fit alone"),
    Measure("evaluate_time_s", "evaluate", "seconds", False, "evaluating the whole front"),
    Measure("solve_time_s", "answer", "seconds", False, "weights for one new preference"),
    Measure("peak_rss_bytes", "peak memory", "bytes", False, "resident memory of the cell's processes"),
    Measure("fit_peak_gpu_allocated_bytes", "peak GPU", "bytes", False, "CUDA memory allocated during fit"),
    Measure("fit_peak_gpu_reserved_bytes", "GPU reserved", "bytes", False, "CUDA memory reserved during fit"),
    Measure("trainable_parameters", "trainable", "count", False, "numbers trained"),
    Measure("total_parameters", "kept", "count", False, "numbers kept to answer any preference"),
    Measure("labelled_examples", "labels", "count", False, "examples whose labels a fit looks at"),
    Measure("unlabelled_examples", "inputs", "count", False, "examples whose inputs alone a fit looks at"),
    Measure(
        "full_trainings",
        "trainings",
        "count",
        False,
        "trainings of all of a model's weights, the experts' own not counted",
    ),
    Measure("front_points", "answers", "count", False, "members evaluated"),
)

QUALITIES = {measure.name: measure for measure in _QUALITIES}
"""Computed from the recorded fronts; absent where they have no meaning (no preferences, no known limit)."""

COSTS = {measure.name: measure for measure in _COSTS}
"""Recorded while the cell ran; what was not measured stays absent."""

MEASURES = QUALITIES | COSTS

NEED_THE_REFERENCE = ("igd", "igd_plus", "spread")
"""Change when the reference front does."""
