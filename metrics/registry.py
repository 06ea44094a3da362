"""Which indicators there are; the order is that of columns in CSV, JSON and on the page."""

from __future__ import annotations

from ..registry import Registry
from .indicator import Indicator

_HOME = "frontrunner.metrics.builtin_indicators"

INDICATORS: Registry[Indicator] = Registry(
    "indicator",
    base="frontrunner.metrics.indicator:Indicator",
    group="frontrunner.indicators",
    builtin={
        name: (f"{_HOME}:{target}", None)
        for name, target in (
            ("hypervolume", "HypervolumeIndicator"),
            ("compromise_share", "CompromiseShare"),
            ("normalised_hypervolume", "NormalisedHypervolume"),
            ("hypervolume_ratio", "HypervolumeRatio"),
            ("igd", "Igd"),
            ("igd_plus", "IgdPlus"),
            ("alignment", "Alignment"),
            ("spread", "Spread"),
            ("largest_gap", "LargestGap"),
            ("distinct_answers", "DistinctAnswers"),
            ("dominated_share", "DominatedShare"),
            ("non_uniformity", "NonUniformity"),
            ("expected_utility", "ExpectedUtility"),
        )
    },
)


def list_indicators() -> dict[str, str]:
    """Map the name of every registered indicator to a one-line description."""
    return INDICATORS.summaries()
