"""Find the seeds that a board's rows are compared on: means over other seeds are no comparison of learners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from ...metrics.statistics import FEWEST_VALUES


def shared_seeds(seeds_of_rows: Iterable[Collection[int]]) -> frozenset[int]:
    """Return the seeds that the most rows average; of several such sets the largest, then that of the lowest seeds.

    Seeds enough to rank by come first where at least half of the rows have them, so that those are not below rows with
    fewer; a few rows alone, as in the midst of a bench's third seed, do not rank each other past all the others.

    Args:
        seeds_of_rows: the finished seeds of each row; rows without one do not count.

    Returns:
        Empty where no row has a finished seed.
    """
    counts = Counter(frozenset(seeds) for seeds in seeds_of_rows if seeds)
    return max(
        counts,
        key=lambda seeds: (
            len(seeds) >= FEWEST_VALUES and 2 * counts[seeds] >= counts.total(),
            counts[seeds],
            len(seeds),
            [-seed for seed in sorted(seeds)],
        ),
        default=frozenset(),
    )
