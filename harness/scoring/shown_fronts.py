"""The content of fronts, as reports show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..records.finished_cell import FRONT
from ..records.store import Store
from .kept_fronts import content_of
from .score_cache import open_cache
from .scored_cells import ScoredCell


def shown_fronts(store: Store, results: Sequence[ScoredCell]) -> list[Mapping[str, Any]]:
    """Return the content of the fronts of these results, as reports show it, in JSON values.

    Each front has `objectives`, `losses`, `preferences` (or None), `labels`, `reference_point`, `true_hypervolume`,
    `expert_errors`, `pretrained_errors` and `neighbour_errors`.

    Raises:
        StoreError: a front that has not been read before is missing or damaged.
    """
    with open_cache(store.folder) as cache:
        return [content_of(cache, result.attempt, result.attempt.digests[FRONT]) for result in results]
