"""The numbers of a board as texts, which the page's scripts show as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ....metrics.statistics import MeanInterval
from ...board.columns import MISSING, TOO_FEW_SEEDS
from ...scoring.measures import Measure
from ...scoring.units import EXPONENT_BELOW, small_text

FEW_WEIGHTS = 4
"""Up to so many weights, a preference is written as its numbers."""
MOST_NAMED = 4
"""The most tasks that are named with their weights."""
SAME = 1e-6


def value_text(measure: Measure, value: float | None) -> str:
    """Return a value as the terminal shows it, but with a real minus sign."""
    if value is None:
        return MISSING
    text = measure.text(value)
    return _minus(text) if measure.unit == "quality" else text


def estimate_text(measure: Measure, value: float, error: float) -> str:
    """Return an estimate with the half width of its interval, `≈ 0.4380 ± 0.002`."""
    width = _minus(small_text(error, 1)) if error < EXPONENT_BELOW else f"{error:.1g}"
    return f"≈ {value_text(measure, value)} ± {width}"


def difference_text(measure: Measure, value: float) -> str:
    """Return a difference with its sign."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + value_text(measure, abs(value))


def ends_text(interval: MeanInterval, text: Callable[[float], str], *, several: bool) -> str:
    """Return `[0.4301, 0.4480]`; where there is no interval, "too few seeds" on a board of `several`, else ""."""
    if interval.low is None or interval.high is None:
        return TOO_FEW_SEEDS if several else ""
    return f"[{text(interval.low)}, {text(interval.high)}]"


def weights_text(weights: Sequence[float]) -> str:
    """Return a preference as `(0.25, 0.75)`."""
    return f"({', '.join(f'{weight:.2f}' for weight in weights)})"


def preference_text(weights: Sequence[float], tasks: Sequence[str]) -> str:
    """Return a preference in few words where it has many weights: `equal`, `only a`, `a 0.50, others 0.10`."""
    if len(weights) <= FEW_WEIGHTS:
        return weights_text(weights)
    if max(weights) - min(weights) < SAME:
        return "equal"
    if max(weights) > 1 - SAME:
        return f"only {tasks[list(weights).index(max(weights))]}"
    by_weight: dict[float, list[str]] = {}
    for task, weight in zip(tasks, weights, strict=True):
        by_weight.setdefault(round(weight, 4), []).append(task)
    rest = max(by_weight, key=lambda weight: len(by_weight[weight]))
    named = [
        (task, weight) for weight in sorted(by_weight, reverse=True) if weight != rest for task in by_weight[weight]
    ]
    if len(named) > MOST_NAMED:
        return weights_text(weights)
    others = [("others", rest)] if rest > SAME else []
    return ", ".join(f"{task} {weight:.2f}" for task, weight in [*named, *others])


def _minus(text: str) -> str:
    return text.replace("-", "−")
