"""Rank learners over many blocks and tell which of them differ; rank 1 is the best.

Over several suites (or suites and seeds) learners are compared by their ranks, since values of different suites have
no common scale: Friedman's test, and Nemenyi's critical difference of average ranks (Demsar, "Statistical
comparisons of classifiers over multiple data sets", JMLR 7, 2006). Within one suite they are compared by their
differences seed by seed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from statistics import fmean
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .statistics import FEWEST_VALUES, mean_intervals, widened

Seed = TypeVar("Seed", bound=Hashable)

DIAGRAM_BLOCKS = 5
"""Fewest blocks that a diagram is drawn for: with four, the critical difference of three learners at 0.95 is over four
fifths of the largest difference there can be, and nearly all learners are joined whatever they do."""
DIAGRAM_LEARNERS = 3
"""Fewest learners that a diagram is drawn for; the interval of their differences says more about two."""


@dataclass(frozen=True)
class Ranking:
    """Learners ordered by their average rank, best first, with what tells them apart."""

    names: tuple[str, ...]
    """The learners, best first."""
    average_ranks: tuple[float, ...]
    """Their average ranks, from 1, the best in every block, to the number of learners; in the order of the names."""
    n_blocks: int
    """How many blocks the ranks are averaged over."""
    confidence: float
    """The confidence of the critical difference."""
    friedman_p: float | None
    """The p-value of Friedman's test that no learner is better than another; None with fewer than two blocks or three
    learners."""
    critical_difference: float | None
    """The difference of average ranks up to which two learners cannot be told apart (Nemenyi's test, all pairs at
    once); None for one learner."""

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """The names of the best learner and of those that cannot be told apart from it."""
        return self.names[: self._within_reach(0)]

    @property
    def places(self) -> tuple[int, ...]:
        """The place of every learner, from 1, which equal average ranks share; in the order of the names."""
        places = shared_ranks(-average for average in self.average_ranks)
        return tuple(places[-average] for average in self.average_ranks)

    @property
    def cliques(self) -> tuple[tuple[str, ...], ...]:
        """The largest groups of two or more neighbours whose best and worst cannot be told apart; best first."""
        ends = [self._within_reach(i) for i in range(len(self.names))]
        return tuple(
            self.names[i:end]
            for i, end in enumerate(ends)
            if end - i > 1 and (i == 0 or end > ends[i - 1])  # else the group before holds this one
        )

    @property
    def enough_for_diagram(self) -> bool:
        """Whether there are enough blocks and learners for a critical-difference diagram to show anything."""
        return self.n_blocks >= DIAGRAM_BLOCKS and len(self.names) >= DIAGRAM_LEARNERS

    def _within_reach(self, i: int) -> int:
        """Return the index after the last learner that cannot be told apart from the i-th."""
        if self.critical_difference is None:
            return i + 1
        reach = self.average_ranks[i] + self.critical_difference
        return int(np.searchsorted(self.average_ranks, reach, side="right"))


def shared_ranks(values: Iterable[float]) -> dict[float, int]:
    """Return the rank of every value: 1 and how many are larger, so that equals share the best rank among them."""
    ranks: dict[float, int] = {}
    for place, value in enumerate(sorted(values, reverse=True), 1):
        ranks.setdefault(value, place)
    return ranks


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return each learner's rank averaged over blocks, shape (k,); rank 1 is the largest value, ties share their mean.

    Args:
        values: shape (n_blocks, k), larger is better; a block is a suite, or a suite and a seed.

    Raises:
        ValueError: no block, no learner, or a block with a value that is NaN.
    """
    ranks: NDArray[np.float64] = _ranks(values).mean(axis=0)
    return ranks


def rank(values: ArrayLike, names: Sequence[str], confidence: float = 0.95) -> Ranking:
    """Rank learners by their average rank over blocks and test how they differ; larger values are better.

    The tests assume that blocks are independent: seeds of one suite as blocks say something about that suite only.

    Args:
        values: shape (n_blocks, k); every block has a value of every learner.
        names: the k learners.
        confidence: the confidence of the critical difference, for all pairs together.

    Raises:
        ValueError: see `average_ranks`; or the number of names is not the number of learners.
    """
    ranks = _ranks(values)
    n_blocks, k = ranks.shape
    if len(names) != k:
        raise ValueError(f"expected one name for each of {k} learners, found {len(names)}: {list(names)}")
    average = ranks.mean(axis=0)
    order = sorted(range(k), key=lambda i: (average[i], names[i]))
    return Ranking(
        tuple(names[i] for i in order),
        tuple(float(average[i]) for i in order),
        n_blocks,
        confidence,
        _friedman_p(ranks) if n_blocks > 1 and k > 2 else None,
        critical_difference(k, n_blocks, confidence) if k > 1 else None,
    )


def critical_difference(n_learners: int, n_blocks: int, confidence: float = 0.95) -> float:
    """Return Nemenyi's critical difference: average ranks that differ by more differ significantly.

    Source: Demsar 2006, section 3.2.2.
    """
    return _nemenyi_quantile(n_learners, confidence) * float(np.sqrt(n_learners * (n_learners + 1) / (6 * n_blocks)))


def tied_with_best(
    values: Mapping[str, Mapping[Seed, float]],
    *,
    maximize: bool,
    confidence: float = 0.95,
    other_noise: Callable[[str, str], float | None] | None = None,
) -> set[str]:
    """Return the learner with the best mean over seeds and those that their seeds cannot tell from it.

    A learner is tied with the best if it has the same mean, or if it shares three seeds or more with it and the
    interval of the mean difference, seed by seed, holds zero. Fewer seeds in common have no interval and make no tie.

    Args:
        values: learner -> seed -> value of one measure on one suite; learners without a value are passed over.
        maximize: whether larger is better.
        confidence: the confidence of each interval; they are not corrected for their number.
        other_noise: function from two learners to the standard error that something else than seeds gives their
            difference, such as the test sample, or None where it is not known.

    Raises:
        ValueError: a value that is NaN or infinite.
    """
    means = {name: fmean(by_seed.values()) for name, by_seed in values.items() if by_seed}
    if not all(map(isfinite, means.values())):
        raise ValueError(f"expected finite values, found the means {means}")
    best_mean = (max if maximize else min)(means.values(), default=None)
    tied = {name for name, mean in means.items() if mean == best_mean}
    pairs = [(name, best, values[best]) for best in tied for name in means if name not in tied]
    differences = [
        [values[name][seed] - at_best[seed] for seed in values[name] if seed in at_best] for name, _, at_best in pairs
    ]
    known = [i for i, by_seed in enumerate(differences) if len(by_seed) >= FEWEST_VALUES]
    intervals = mean_intervals([differences[i] for i in known], confidence)
    for i, interval in zip(known, intervals, strict=True):
        name, best_name, _ = pairs[i]
        noise = None if other_noise is None else other_noise(name, best_name)
        if widened(interval, noise or 0.0, confidence).holds(0):
            tied.add(name)
    return tied


def _ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return each learner's rank in each block, shape (n_blocks, k); 1 is the largest value."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or not found.size or np.isnan(found).any():
        raise ValueError(
            "expected values of shape (n_blocks, n_learners) without NaN, leave out blocks that are not complete; "
            f"found shape {found.shape} with {np.isnan(found).sum()} NaN"
        )
    from scipy.stats import rankdata  # half a second to import, and only several boards are ranked

    ranks: NDArray[np.float64] = rankdata(-found, axis=1)
    return ranks


def _friedman_p(ranks: NDArray[np.float64]) -> float:
    """Return the p-value of Friedman's test, corrected for ties; 1 where every learner ties in every block."""
    from scipy.stats import friedmanchisquare

    if (ranks == ranks[:, :1]).all():  # the statistic is 0 / 0
        return 1.0
    return float(friedmanchisquare(*ranks.T).pvalue)


@lru_cache
def _nemenyi_quantile(n_learners: int, confidence: float) -> float:
    """Return the studentized range's quantile for infinite degrees of freedom over sqrt(2); 1.960 for two at 0.95."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(confidence, n_learners, np.inf) / np.sqrt(2))
