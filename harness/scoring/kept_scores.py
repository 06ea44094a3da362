"""Scores of one front by indicator: those that are kept, and the missing ones, computed and kept."""

from __future__ import annotations

from collections.abc import Callable

from ...metrics import Indicator, ScoringInput
from .score_cache import ScoreCache, Scores
from .scores import values


def scores_of(
    cache: ScoreCache,
    front: str,
    indicators: dict[str, Indicator],
    scored: Callable[[], ScoringInput],
    reference: str = "",
) -> Scores:
    """Return the scores of a front, alone or against a reference, from the cache; those missing there are added to it.

    Args:
        front: the front's digest.
        indicators: by name and version.
        scored: gives what the indicators look at; called only if one is missing.
        reference: the reference front's digest.
    """
    found = cache.scores(front, reference)
    missing = {key: indicator for key, indicator in indicators.items() if key not in found}
    if missing:
        found = {**found, **values(scored(), missing)}
        cache.keep_scores(front, found, reference)
    return found
