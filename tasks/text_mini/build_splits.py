"""Which split a text is in, and which texts of a split are shipped.

A text's place is a hash of what `normalised` leaves of it. Splits are ranges of places, the same for every task, so a
text that two tasks share is in one split of both, and a new task moves no other.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

from ..shipped_data.split_shares import SPLITS
from .normalised_text import normalised

ENDS = dict(zip(SPLITS, accumulate(SPLITS.values()), strict=True))
"""Split name -> where its range of places ends."""
CAPS = {"pretrain": 2500, "train": 5000, "val": 500, "test": 1000}
"""The most texts of a task that a split holds."""


def place_of(text: str) -> float:
    """Return a text's place in [0, 1), the first 8 bytes of the SHA-256 of its normalised form as a fraction."""
    digest = hashlib.sha256(normalised(text).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_at(place: float) -> str:
    """Return the split whose range of places holds `place`."""
    return next((split for split, end in ENDS.items() if place < end), list(ENDS)[-1])


def splits_of_units(units: Sequence[str]) -> dict[str, str]:
    """Assign units such as articles whole to splits, so that the splits have nearly their shares of texts.

    The largest is assigned first, each to the split that lacks most.

    Args:
        units: the unit of each of n texts; a unit counts as often as it occurs.

    Returns:
        Unit -> split. Every split has a unit where there are enough.
    """
    sizes = Counter(units)
    lacking = {split: share * len(units) for split, share in SPLITS.items()}
    assigned = {}
    for unit in sorted(sizes, key=lambda unit: (-sizes[unit], place_of(unit))):
        assigned[unit] = max(lacking, key=lacking.__getitem__)
        lacking[assigned[unit]] -= sizes[unit]
    return assigned


def quotas(counts: Mapping[int, int], cap: int, *, balanced: bool) -> dict[int, int]:
    """Return how many texts of each class a split ships.

    Args:
        counts: label -> texts there are.
        cap: the most texts in all.
        balanced: the same number of every class; otherwise the classes keep their shares.
    """
    if balanced:
        return dict.fromkeys(counts, min(*counts.values(), cap // len(counts)))
    share = min(1.0, cap / sum(counts.values()))
    return {label: int(count * share) for label, count in counts.items()}


def chosen(labels: Sequence[int], places: Sequence[float], cap: int, *, balanced: bool) -> list[int]:
    """Return the indices of the texts of one split that are shipped, in the order of their places."""
    members: dict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(labels)), key=places.__getitem__):
        members[labels[index]].append(index)
    limits = quotas({label: len(indices) for label, indices in members.items()}, cap, balanced=balanced)
    kept = [index for label, indices in members.items() for index in indices[: limits[label]]]
    return sorted(kept, key=places.__getitem__)
