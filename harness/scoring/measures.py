"""Define the measures: the columns that reports can show, for indicators and costs, with heading, unit and range."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ...errors import ConfigError
from ...metrics import INDICATORS, Indicator
from ...metrics.indicator import Need, Unit
from ...metrics.statistics import MeanInterval
from ..records.metric_names import CURVE_METRIC, LOWEST_ERROR
from .units import as_bytes, as_count, as_quality, as_time

_TEXT: dict[Unit, Callable[[float], str]] = {
    "quality": as_quality,
    "seconds": as_time,
    "bytes": as_bytes,
    "count": as_count,
}


@dataclass(frozen=True)
class Measure:
    """One column of a report: a number that every finished cell can have, an indicator or a cost."""

    name: str
    """The name under which it is recorded, with its unit."""
    heading: str
    """The heading of its column, without its direction."""
    unit: Unit
    maximize: bool
    """Whether higher values are better."""
    about: str
    """One line that explains the measure to readers."""
    least: float = 0.0
    """The lowest possible value."""
    most: float = math.inf
    """The highest possible value."""
    needs: tuple[Need, ...] = ()
    """What an indicator needs besides the front; empty for costs."""
    column: int | None = None
    """Position in the table of a terminal, where low numbers come first; None where it is not shown there."""
    directed: bool = True
    """Whether better has a direction, which headings show by an arrow."""
    is_indicator: bool = False
    """Whether the measure is an indicator, computed from recorded fronts; costs are measured while the cell runs."""

    @classmethod
    def of(cls, indicator: type[Indicator]) -> Measure:
        """Return the measure of an indicator."""
        about = (inspect.getdoc(indicator) or indicator.name).partition("\n")[0].removesuffix(".")
        shared = {
            name: getattr(indicator, name)
            for name in ("name", "heading", "unit", "maximize", "directed", "least", "most", "needs", "column")
        }
        return cls(**shared, about=about, is_indicator=True)

    @property
    def titled(self) -> str:
        """The heading; for indicators with a direction, an arrow shows whether higher or lower values are better."""
        if not self.is_indicator or not self.directed:
            return self.heading
        return f"{self.heading} {'↑' if self.maximize else '↓'}"

    def possible(self, interval: MeanInterval) -> MeanInterval:
        """Clip an interval of the mean to the measure's range; coverage is unchanged."""
        return _clipped(interval, self.least, self.most)

    def possible_difference(self, interval: MeanInterval) -> MeanInterval:
        """Clip an interval of the mean difference to what two values of the measure can differ by."""
        return _clipped(interval, self.least - self.most, self.most - self.least)

    def text(self, value: float) -> str:
        """Return a value as text, in a unit that suits its size."""
        return _TEXT[self.unit](value)


def _clipped(interval: MeanInterval, least: float, most: float) -> MeanInterval:
    """Clip an interval to [least, most], but never so far that it excludes its mean."""
    if interval.low is None or interval.high is None:
        return interval
    # The mean itself may be out of the range, by rounding or because values are estimates.
    low, high = max(interval.low, min(least, interval.mean)), min(interval.high, max(most, interval.mean))
    return dataclasses.replace(interval, low=low, high=high)


def _cost(name: str, heading: str, unit: Unit, about: str, column: int | None = None) -> Measure:
    return Measure(name, heading, unit, False, about, column=column)


COSTS = {
    measure.name: measure
    for measure in (
        _cost("wall_time_s", "wall time", "seconds", "fit and evaluation, without preparing the problem", 100),
        _cost("prepare_time_s", "prepare", "seconds", "preparing the problem; experts may come from the cache"),
        _cost("fit_time_s", "fit", "seconds", "fit alone", 150),
        _cost("evaluate_time_s", "evaluate", "seconds", "evaluating the whole front"),
        _cost("solve_time_s", "answer", "seconds", "weights for one new preference", 160),
        _cost(
            "peak_rss_bytes",
            "peak memory",
            "bytes",
            "resident memory of the cell's processes, pages that they share counted once",
            110,
        ),
        _cost(
            "fit_peak_gpu_allocated_bytes",
            "peak GPU",
            "bytes",
            "CUDA memory allocated during fit, on the device that needs most",
            120,
        ),
        _cost(
            "fit_peak_gpu_reserved_bytes",
            "GPU reserved",
            "bytes",
            "CUDA memory reserved during fit, on the device that needs most",
        ),
        _cost("trainable_parameters", "trainable", "count", "numbers trained", 130),
        _cost("total_parameters", "kept", "count", "numbers kept to answer any preference"),
        _cost("labelled_examples", "labels", "count", "examples whose labels a fit looks at"),
        _cost("unlabelled_examples", "inputs", "count", "examples whose inputs alone a fit looks at"),
        _cost(
            "full_trainings",
            "trainings",
            "count",
            "trainings of all of a model's weights, the experts' own not counted",
        ),
        _cost("training_runs", "runs", "count", "trainings one after the other"),
        _cost("training_steps", "steps", "count", "optimizer steps of each training"),
        _cost(
            "gradient_examples",
            "gradients",
            "count",
            "examples that a fit takes through a model forward and backward, each as often as it does",
        ),
        _cost(
            "forward_examples", "forward", "count", "examples that a fit takes through a model forward alone, at most"
        ),
        _cost(
            "expert_gradient_examples",
            "of experts",
            "count",
            "examples of the experts' fine-tuning, 0 for learners that use no experts",
        ),
        _cost(
            "total_gradient_examples",
            "all gradients",
            "count",
            "examples taken forward and backward, in the fit and in the experts' fine-tuning where they are used",
        ),
        _cost("front_points", "answers", "count", "members evaluated"),
    )
}
"""The costs that are measured while a cell runs, by name; a cost that could not be measured is absent from a cell."""


HYPERVOLUME_ERROR = "hypervolume_error"
"""Name of the half width of the hypervolume's 95 % interval, where that is an estimate; absent where it is exact."""

_OTHER_NAMES = {
    *("best_hypervolume", "cells", "seed", "seeds", "rank", "learner", "method", "suite", "group"),
    *("runs", "unfinished", "tied_with_best", "warnings"),
}
_OTHER_NAMES_BEGIN = ("cells_",)
_OTHER_NAMES_END = ("_low", "_high", "_minus_baseline")
"""What else is a metric on the runs of benches in MLflow or a column of CSV."""


def is_score(name: str) -> bool:
    """Return whether a metric of this name is computed from fronts or taken from a curve, so that it is no cost."""
    return name in INDICATOR_MEASURES or _is_beside_indicators(name)


def _is_beside_indicators(name: str) -> bool:
    return name == HYPERVOLUME_ERROR or name.startswith((CURVE_METRIC, LOWEST_ERROR))


def registered_indicators() -> list[type[Indicator]]:
    """Return all registered indicators, in the registry's order.

    Raises:
        ConfigError: an indicator has the name of a cost or of something else that is recorded, or cannot be imported.
    """
    for name in INDICATORS.entries():
        taken = name in COSTS or _is_beside_indicators(name) or name in _OTHER_NAMES
        if taken or name.startswith(_OTHER_NAMES_BEGIN) or name.endswith(_OTHER_NAMES_END):
            raise ConfigError(
                f"the indicator {name!r} of {INDICATORS.origin(name)} has a name that is recorded for something else; "
                "rename it"
            )
    return [INDICATORS.get(name) for name in INDICATORS.entries()]


class _Measures(Mapping[str, Measure]):
    """Measures by name, read from the registry of indicators at every access, since plugins may add to it later."""

    def __init__(self, *, costs: bool) -> None:
        self._costs = COSTS if costs else {}
        self._known: dict[str, Measure] = {}
        self._made_from: tuple[int, int] = (0, 0)

    def _current(self) -> dict[str, Measure]:
        entries = INDICATORS.entries()
        if self._made_from != (id(entries), len(entries)):
            found = {indicator.name: Measure.of(indicator) for indicator in registered_indicators()}
            self._known = found | self._costs
            self._made_from = (id(entries), len(entries))
        return self._known

    def __getitem__(self, name: str) -> Measure:
        return self._current()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._current()

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())


MEASURES: Mapping[str, Measure] = _Measures(costs=True)
"""Every measure by name: indicators first, in the registry's order, then costs."""

INDICATOR_MEASURES: Mapping[str, Measure] = _Measures(costs=False)
"""The measures that are indicators, by name; a cell lacks the values of those that have no meaning for its front."""


def reference_measures() -> tuple[str, ...]:
    """Return the names of the indicators that change when the reference front does."""
    return tuple(name for name, measure in INDICATOR_MEASURES.items() if "reference" in measure.needs)
