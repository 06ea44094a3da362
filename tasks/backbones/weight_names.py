"""Names of weights in files: the prefix before an architecture's own, and how messages list them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from ..left_out import and_others

SHOWN = 3
"""The most names that a message lists."""


def prefix_of(names: Iterable[str], expected: Collection[str]) -> str | None:
    """Return what stands before an architecture's own names in a file, such as `model.`; None where none occurs.

    Args:
        names: a file's names.
        expected: the architecture's names; the prefix that most of them are found with is taken.
    """
    wanted = frozenset(expected)
    found = Counter[str]()
    for name in names:
        parts = name.split(".")
        for start in range(len(parts)):
            own = ".".join(parts[start:])
            if own in wanted:
                found[name[: len(name) - len(own)]] += 1
    # Of prefixes that are found equally often the shortest: an outer module may hold a whole model of its own kind.
    return min(found, key=lambda prefix: (-found[prefix], len(prefix)), default=None)


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + and_others(more, "more weight", "more weights")
