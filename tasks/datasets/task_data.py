"""One task's data, read and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..examples import Examples


@dataclass(frozen=True)
class TaskData:
    """The splits of one task in stored form, with what was found out about them."""

    splits: Mapping[str, Examples]
    """`train`, `val` and `test`; inputs are mapped from the cache, labels are canonical class numbers."""
    classes: tuple[str, ...]
    """The canonical names of the classes by label."""
    digest: str
    """Digest of everything that decides the examples: content of the files, classes, carving, the input format."""
    notes: tuple[str, ...]
    """What was decided for the user, one sentence each, such as how a split was carved from train."""
    warnings: tuple[str, ...] = ()
    """Those of the notes that tell what is probably not meant so, such as a class without an example."""
