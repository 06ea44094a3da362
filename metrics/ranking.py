"""Which learners are better over many blocks, and which cannot be told apart; rank 1 is the best.

Over several suites (or suites and seeds) learners are compared by their ranks, since values of different suites have
no common scale: Friedman's test, and Nemenyi's critical difference of average ranks (Demsar, "Statistical
comparisons of classifiers over multiple data sets", JMLR 7, 2006). Within one suite they are compared by their
differences seed by seed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from statistics import fmean
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr

from .statistics import mean_intervals

Seed = TypeVar("Seed", bound=Hashable)

DIAGRAM_BLOCKS = 5
"""Fewest blocks worth a diagram: with four of three learners the critical difference at 0.95 is over four fifths of
the largest difference there can be, and nearly all learners are joined whatever they do."""
DIAGRAM_LEARNERS = 3
"""Fewest learners worth a diagram; of two, the interval of their differences says more."""


@dataclass(frozen=True)
class Ranking:
    """Learners by their average rank, best first."""

    names: tuple[str, ...]
    average_ranks: tuple[float, ...]
    """From 1, the best in every block, to their number; in the order of the names."""
    n_blocks: int
    confidence: float
    friedman_p: float | None
    """How likely ranks that differ so much are if no learner is better than another; None with fewer than two blocks
    or three learners."""
    critical_difference: float | None
    """Average ranks that differ by less cannot be told apart (Nemenyi, all pairs at once); None for one learner."""

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """The best, and those that cannot be told apart from it."""
        return self.names[: self._within_reach(0)]

    @property
    def cliques(self) -> tuple[tuple[str, ...], ...]:
        """The largest groups of neighbours, two or more, whose best and worst cannot be told apart; best first."""
        ends = [self._within_reach(i) for i in range(len(self.names))]
        return tuple(
            self.names[i:end]
            for i, end in enumerate(ends)
            if end - i > 1 and (i == 0 or end > ends[i - 1])  # else the group before holds this one
        )

    @property
    def enough_for_diagram(self) -> bool:
        """Whether a critical-difference diagram of it can show anything."""
        return self.n_blocks >= DIAGRAM_BLOCKS and len(self.names) >= DIAGRAM_LEARNERS

    def _within_reach(self, i: int) -> int:
        """The index after the last that cannot be told apart from the i-th."""
        if self.critical_difference is None:
            return i + 1
        reach = self.average_ranks[i] + self.critical_difference
        return int(np.searchsorted(self.average_ranks, reach, side="right"))


def average_ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """Mean over the blocks of each learner's rank in it, shape (k,); 1 is the highest score, ties share their mean.

    Args:
        scores: shape (n_blocks, k), larger is better; a block is a suite, or a suite and a seed.

    Raises:
        ValueError: no block, no learner, or a block with a score that is not a number.
    """
    ranks: NDArray[np.float64] = _ranks(scores).mean(axis=0)
    return ranks


def rank(scores: ArrayLike, names: Sequence[str], confidence: float = 0.95) -> Ranking:
    """Learners by their average rank, with what their differences mean; larger scores are better.

    The tests take blocks for independent: seeds of one suite as blocks say something of that suite only.

    Args:
        scores: shape (n_blocks, k); every block has a score of every learner.
        names: the k learners.
        confidence: of the critical difference, for all pairs together.

    Raises:
        ValueError: see `average_ranks`, or another number of names than learners.
    """
    ranks = _ranks(scores)
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
    """Nemenyi's: average ranks of k learners that differ by more differ significantly (Demsar 2006, section 3.2.2)."""
    return _nemenyi_quantile(n_learners, confidence) * float(np.sqrt(n_learners * (n_learners + 1) / (6 * n_blocks)))


def tied_with_best(values: Mapping[str, Mapping[Seed, float]], *, maximize: bool, confidence: float = 0.95) -> set[str]:
    """The learner of the best mean over seeds, and those whose differences to it, seed by seed, may be zero.

    Tied is who has the best mean too, or shares two seeds or more with the best and has zero in the interval of the
    mean of their differences. With one seed in common nothing is known, and nobody is marked.

    Args:
        values: learner -> seed -> value of one metric on one suite; learners without a value are passed over.
        maximize: whether larger is better.
        confidence: of each interval; they are not corrected for their number.

    Raises:
        ValueError: a value that is NaN or infinite.
    """
    means = {name: fmean(by_seed.values()) for name, by_seed in values.items() if by_seed}
    if not all(map(isfinite, means.values())):
        raise ValueError(f"expected finite values, found the means {means}")
    best_mean = (max if maximize else min)(means.values(), default=None)
    tied = {name for name, mean in means.items() if mean == best_mean}
    pairs = [(name, values[best]) for best in tied for name in means if name not in tied]
    differences = [[values[name][seed] - best[seed] for seed in values[name] if seed in best] for name, best in pairs]
    known = [i for i, by_seed in enumerate(differences) if len(by_seed) > 1]
    intervals = mean_intervals([differences[i] for i in known], confidence)
    return tied | {pairs[i][0] for i, interval in zip(known, intervals, strict=True) if interval.holds(0)}


def _ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """Shape (n_blocks, k): each learner's rank in each block."""
    found = np.asarray(scores, dtype=np.float64)
    if found.ndim != 2 or not found.size or np.isnan(found).any():
        raise ValueError(
            "expected scores of shape (n_blocks, n_learners) without NaN, leave out blocks that are not complete; "
            f"found shape {found.shape} with {np.isnan(found).sum()} NaN"
        )
    ranks = np.empty_like(found)
    for block, of_block in zip(-found, ranks, strict=True):
        in_order = np.sort(block)
        before = np.searchsorted(in_order, block, side="left")
        up_to = np.searchsorted(in_order, block, side="right")
        of_block[:] = (before + 1 + up_to) / 2
    return ranks


def _friedman_p(ranks: NDArray[np.float64]) -> float:
    """From the chi-square statistic with ties corrected for; as scipy.stats.friedmanchisquare, without its import."""
    n_blocks, k = ranks.shape
    tied = sum(float((counts**3 - counts).sum()) for counts in (np.unique(row, return_counts=True)[1] for row in ranks))
    correction = 1 - tied / (n_blocks * k * (k**2 - 1))
    if correction <= 0:  # every learner tied in every block: the statistic is 0 / 0
        return 1.0
    statistic = 12 / (n_blocks * k * (k + 1)) * (ranks.sum(axis=0) ** 2).sum() - 3 * n_blocks * (k + 1)
    return float(chdtrc(k - 1, statistic / correction))


@lru_cache
def _nemenyi_quantile(n_learners: int, confidence: float) -> float:
    """Of the studentized range with infinite degrees of freedom, over sqrt(2); 1.960 for two at 0.95.

    Bisection on the distribution of the range of k standard normal values,
    P(q) = k * integral of pdf(x) (cdf(x) - cdf(x - q))^(k - 1). scipy.stats has it, and takes over a second to import:
    as long as all else that a leaderboard does.
    """
    x = np.linspace(-9, 9, 4001)  # the integrand is smooth and vanishes at both ends: equal steps are exact to 1e-12
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    low, high = 0.0, 20.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        share = n_learners * float(density @ (ndtr(x) - ndtr(x - middle)) ** (n_learners - 1))
        low, high = (middle, high) if share < confidence else (low, middle)
    return float(high / np.sqrt(2))
