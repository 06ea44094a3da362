"""Summarise the seeds of a learner: means with intervals, and differences to a baseline."""

from __future__ import annotations

from collections.abc import Mapping

from ...metrics.statistics import MeanInterval, mean_intervals
from ..scoring.measures import INDICATOR_MEASURES, MEASURES
from ..scoring.scored_cells import ScoredCell


def values_of(results: Mapping[int, ScoredCell], measure: str) -> dict[int, float]:
    """Return the values of a measure by seed; those of indicators are always computed from the recorded fronts."""
    found = {
        seed: (result.scores if measure in INDICATOR_MEASURES else result.attempt.metrics).get(measure)
        for seed, result in results.items()
    }
    return {seed: value for seed, value in found.items() if value is not None}


def intervals_of(results: Mapping[str, Mapping[int, ScoredCell]]) -> dict[str, dict[str, MeanInterval]]:
    """Return the mean over seeds with its interval, by learner and measure."""
    estimated = _estimated(
        {key: {measure: values_of(found, measure) for measure in MEASURES} for key, found in results.items()}
    )
    return {
        key: {measure: MEASURES[measure].possible(interval) for measure, interval in found.items()}
        for key, found in estimated.items()
    }


def differences_to(
    results: Mapping[str, Mapping[int, ScoredCell]], baseline: str | None
) -> dict[str, dict[str, MeanInterval]]:
    """Return the mean difference to the baseline over the seeds of both, with its interval, by learner and measure."""
    if baseline is None:
        return {key: {} for key in results}
    against = {measure: values_of(results[baseline], measure) for measure in MEASURES}
    estimated = _estimated(
        {
            key: {
                measure: {s: value - against[measure][s] for s, value in values.items() if s in against[measure]}
                for measure in MEASURES
                if key != baseline and (values := values_of(found, measure))
            }
            for key, found in results.items()
        }
    )
    return {
        key: {measure: MEASURES[measure].possible_difference(interval) for measure, interval in found.items()}
        for key, found in estimated.items()
    }


def _estimated(samples: Mapping[str, Mapping[str, Mapping[int, float]]]) -> dict[str, dict[str, MeanInterval]]:
    """Return the interval of every sample that is not empty, by learner and measure."""
    kept = [(key, measure) for key, of in samples.items() for measure in MEASURES if of.get(measure)]
    made = mean_intervals([list(samples[key][measure].values()) for key, measure in kept])
    found: dict[str, dict[str, MeanInterval]] = {key: {} for key in samples}
    for (key, measure), interval in zip(kept, made, strict=True):
        found[key][measure] = interval
    return found
