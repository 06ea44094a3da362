"""Seeded choices among examples that keep the shares of classes, and never part what is the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


class Ranks:
    """A random order of examples, in which those of the same content stand together.

    It depends on contents and the seed alone, not on the order of files.

    Args:
        contents: (n,) numbers that are the same where the content is; every example is its own when None.
        n: how many examples there are.
        seed: decides the order.
    """

    def __init__(self, contents: NDArray[np.uint64] | None, n: int, seed: int) -> None:
        distinct, group = np.unique(np.arange(n) if contents is None else contents, return_inverse=True)
        self.group: NDArray[np.int64] = group.astype(np.int64)
        """(n,) which content an example has."""
        self.rank = np.random.default_rng(seed).permutation(len(distinct))[self.group]
        """(n,) the place of its content in the random order."""


def carve(codes: NDArray[np.int64], ranks: Ranks, wanted: int, among: Positions) -> Positions:
    """Return ascending positions of about `wanted` of some examples, the same share of every class.

    Examples of one content are taken together or not at all, so the number is met as nearly as that allows. One
    example of every class stays, where that can be.

    Args:
        codes: (n,) classes.
        ranks: the order in which examples are taken.
        wanted: how many to take, one or more.
        among: the examples to take from, ascending.
    """
    first = among[_first(codes[among], ranks.rank[among], wanted, keep=1)]
    return among[np.isin(ranks.group[among], ranks.group[first])]


def thin(codes: NDArray[np.int64], ranks: Ranks, at_most: int, among: Positions) -> Positions:
    """Return ascending positions of at most so many of some examples, the same share of every class."""
    return among if len(among) <= at_most else among[_first(codes[among], ranks.rank[among], at_most, keep=0)]


def _first(codes: NDArray[np.int64], rank: NDArray[np.int64], wanted: int, *, keep: int) -> Positions:
    """Return ascending positions of the first examples of each class, `wanted` in all."""
    _, of_class = np.unique(codes, return_inverse=True)
    counts = np.bincount(of_class)
    free = counts - keep
    if free.sum() == 0:
        free = counts
    exact = np.minimum(wanted * counts / len(codes), free)
    quota = np.floor(exact + 1e-9).astype(np.int64)
    while (short := min(wanted, int(free.sum())) - int(quota.sum())) > 0:  # largest remainders; ties to lower classes
        order = np.argsort(-np.where(quota < free, exact - quota, -np.inf), kind="stable")
        quota[order[: min(short, int((quota < free).sum()))]] += 1
    by_rank = np.lexsort((rank, of_class))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.arange(len(codes)) - starts[of_class[by_rank]]
    return np.sort(by_rank[within < quota[of_class[by_rank]]])
