"""Repeated and contradictory examples, found before they are split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class UniqueExamples:
    """The examples that the search for duplicates keeps, and why it drops the others."""

    indices: Array
    """The positions of the kept examples, ascending."""
    n_repeats: int
    """How many examples are equal to a kept one."""
    n_contradictory: int
    """How many examples are equal to one of another label; none of them is kept."""


def unique_examples(keys: Sequence[Hashable], labels: Array) -> UniqueExamples:
    """Find the first example of every group of equal ones, without groups of more than one label.

    It comes before splitting, or test examples would be seen in training.

    Args:
        keys: n keys; examples of one key are equal.
        labels: (n,).
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    agreeing = [group for group in groups.values() if len(set(labels[group].tolist())) == 1]
    n_agreeing = sum(map(len, agreeing))
    return UniqueExamples(
        indices=np.array(sorted(group[0] for group in agreeing), dtype=np.int64),
        n_repeats=n_agreeing - len(agreeing),
        n_contradictory=len(keys) - n_agreeing,
    )
