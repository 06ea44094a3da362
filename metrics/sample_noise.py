"""Estimate the noise that the test sample puts into hypervolume, by resampling its examples (the bootstrap)."""

from __future__ import annotations

from collections.abc import Sequence
from math import gamma, pi

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 200
"""How often the test examples are drawn again: a standard error is then known to 5 %."""
_EXACT_OBJECTIVES, _EXACT_MEMBERS = 4, 200  # up to which an exact hypervolume takes microseconds
_LINES = 512
_MOST_TERMS = 2**21
_SEED = 0


def resampled_hypervolumes(
    wrong: Sequence[NDArray[np.uint8]], reference_point: ArrayLike, resamples: int = RESAMPLES
) -> NDArray[np.float64]:
    """Return the hypervolume of a front on test samples drawn again from its own, shape (resamples,).

    Each task's examples are drawn with replacement, as many as there are, the same for all members of the set. The
    standard deviation of what is returned estimates the standard error that the finite test sample gives the
    hypervolume; its mean is of no use, since hypervolume prefers noisy fronts.

    Draws come from a fixed generator: fronts that were measured on as many examples are resampled alike, so that the
    k-th values of two learners are on the same sample, and their differences are paired.

    With more than four objectives, or 200 members, the volume is estimated from lines through the reference point
    (Deng and Zhang, IEEE Transactions on Evolutionary Computation 23(5), 2019), the same for every sample, so that
    their error drops out of differences between samples for the most part.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993.

    Args:
        wrong: for each of T tasks, 1 where a member is wrong on an example, else 0, shape (n, n_t).
        reference_point: shape (T,).
        resamples: how many samples to draw.
    """
    reference = np.asarray(reference_point, dtype=np.float64)
    errors = np.stack([_resampled_errors(one, t, resamples) for t, one in enumerate(wrong)], axis=2)
    if errors.shape[2] <= _EXACT_OBJECTIVES and errors.shape[1] <= _EXACT_MEMBERS:
        return np.array([moocore.hypervolume(sample, ref=reference) for sample in errors])
    return _by_lines(np.maximum(reference - errors, 0.0))


def _resampled_errors(wrong: NDArray[np.uint8], t: int, resamples: int) -> NDArray[np.float64]:
    """Return the errors of n members on each resample of a task's examples, shape (resamples, n)."""
    n_members, n_examples = wrong.shape
    rng = np.random.default_rng([_SEED, t, n_examples])
    found = np.empty((resamples, n_members))
    at_once = max(1, _MOST_TERMS // n_examples)
    for start in range(0, resamples, at_once):
        stop = min(start + at_once, resamples)
        counts = rng.multinomial(n_examples, np.full(n_examples, 1 / n_examples), size=stop - start)
        for first in range(0, n_members, at_once):
            members = slice(first, first + at_once)
            found[start:stop, members] = counts @ wrong[members].astype(np.float64).T
    return np.asarray(found / n_examples)


def _by_lines(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return estimates of the volumes, shape (k,), of unions of boxes with these sides, (k, n, T).

    A line from the reference point in direction d leaves the union of the boxes at max_i min_t side_it / d_t; the
    volume is the mean of its T-th power over directions, times that of the positive part of the unit ball.
    """
    n_samples, n_members, n_objectives = sides.shape
    n_lines = int(np.clip(_MOST_TERMS // n_members, 64, _LINES))
    directions = np.abs(np.random.default_rng(_SEED).normal(size=(n_lines, n_objectives)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = np.empty(n_samples)
    for k in range(n_samples):
        lengths = np.full((n_lines, n_members), np.inf)
        for t in range(n_objectives):
            np.minimum(lengths, sides[k, :, t] / directions[:, t, None], out=lengths)
        found[k] = (lengths.max(axis=1) ** n_objectives).mean()
    return found * _ball_part(n_objectives)


def _ball_part(n_objectives: int) -> float:
    """Return the volume of the part of the unit ball in which no coordinate is negative."""
    half = n_objectives / 2
    return float(pi**half / gamma(half + 1) / 2**n_objectives)
