"""Summarise the seeds of a learner: means with intervals, and differences to a baseline."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from ...metrics.statistics import MeanInterval, mean_intervals, widened
from ..scoring.measures import INDICATOR_MEASURES, MEASURES
from ..scoring.scored_cells import ScoredCell


def values_of(results: Mapping[int, ScoredCell], measure: str) -> dict[int, float]:
    """Return the values of a measure by seed; those of indicators are always computed from the recorded fronts."""
    found = {
        seed: (result.scores if measure in INDICATOR_MEASURES else result.attempt.metrics).get(measure)
        for seed, result in results.items()
    }
    return {seed: value for seed, value in found.items() if value is not None}


def resampled_mean(results: Mapping[int, ScoredCell], seeds: Collection[int]) -> NDArray[np.float64] | None:
    """Return the mean hypervolume over some seeds on every resample of the test examples.

    None where no seed is given, or errors by example are not recorded of one. Seeds that were evaluated on the same
    examples share their noise, which the mean keeps; that of different examples averages out.
    """
    found = [results[seed].resampled for seed in seeds]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found) or len({len(one) for one in known}) > 1:
        return None
    return np.asarray(np.mean(known, axis=0, dtype=np.float64))


def sample_noise(one: Mapping[int, ScoredCell], other: Mapping[int, ScoredCell] | None = None) -> float | None:
    """Return the standard error that the test sample gives a mean hypervolume; None where it is not known.

    Args:
        one: the results of a learner by seed.
        other: those of another, for the difference of their means over the seeds of both.
    """
    seeds = [seed for seed in one if other is None or seed in other]
    mean = resampled_mean(one, seeds)
    if other is not None:
        subtracted = resampled_mean(other, seeds)
        if mean is None or subtracted is None or mean.shape != subtracted.shape:
            return None
        mean = mean - subtracted
    return None if mean is None else float(mean.std(ddof=1))


def intervals_of(results: Mapping[str, Mapping[int, ScoredCell]]) -> dict[str, dict[str, MeanInterval]]:
    """Return the mean over seeds with its interval, by learner and measure.

    That of the hypervolume also holds the noise of the test sample, where it is known.
    """
    estimated = _estimated(
        {key: {measure: values_of(found, measure) for measure in MEASURES} for key, found in results.items()}
    )
    for key, found in estimated.items():
        if "hypervolume" in found:
            found["hypervolume"] = widened(found["hypervolume"], sample_noise(results[key]) or 0.0)
    return {
        key: {measure: MEASURES[measure].possible(interval) for measure, interval in found.items()}
        for key, found in estimated.items()
    }


def differences_to(
    results: Mapping[str, Mapping[int, ScoredCell]], baseline: str | None
) -> dict[str, dict[str, MeanInterval]]:
    """Return the mean difference to the baseline over the seeds of both, with its interval, by learner and measure.

    That of the hypervolume also holds the noise of the test sample, resampled alike for both, where it is known.
    """
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
    for key, found in estimated.items():
        if "hypervolume" in found:
            noise = sample_noise(results[key], results[baseline])
            found["hypervolume"] = widened(found["hypervolume"], noise or 0.0)
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
