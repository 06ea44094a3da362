"""Score one finished cell by itself; what depends on other cells is scored with its group."""

from __future__ import annotations

import contextlib

from ...errors import StoreError
from ..records.attempt import Attempt
from ..records.finished_cell import FRONT
from ..records.front_record import FrontRecord
from ..records.store import Store
from .kept_fronts import front_content
from .kept_scores import scores_of
from .references import true_reference
from .resampled_examples import resample
from .score_cache import Scores, open_cache
from .scores import by_indicator, own_indicators, reference_indicators, values


def score_finished(store: Store, attempt: Attempt, record: FrontRecord) -> dict[str, float]:
    """Score a cell that has just finished, and keep its scores in the store's folder.

    Args:
        store: the store that the cell is recorded in, and whose folder keeps scores (`scores.sqlite`).
        attempt: the recorded attempt.
        record: its front, which was checked when it was recorded and is not read again.

    Returns:
        Values by the indicator's name; those that need a reference front only where the true front is known.

    Raises:
        FrontError: the hypervolume is too large for a float. ConfigError: a third party's indicator fails.
    """
    front = attempt.digests[FRONT]
    with open_cache(store.folder, add_only=True) as cache:
        cache.keep_file(attempt)
        cache.keep_front(front, front_content(record))
        own = values(record.to_score(), own_indicators())
        cache.keep_scores(front, own)
        with contextlib.suppress(StoreError):  # boards will name the file
            if (volumes := resample(attempt, record.reference_point)) is not None:
                cache.keep_resampled(front, volumes)
        against: Scores = {}
        if record.pareto_front is not None:
            reference = true_reference(record)
            against = values(record.to_score(reference), reference_indicators())
            cache.keep_scores(front, against, reference.digest)
    return by_indicator(own) | by_indicator(against)


def recorded_scores(store: Store, attempt: Attempt) -> dict[str, float]:
    """Return what `score_finished` returns, of a cell that finished some time ago; only scores not kept are computed.

    Raises:
        StoreError: the front is missing or damaged. FrontError, ConfigError: as `score_finished`.
    """
    front, record = attempt.digests[FRONT], attempt.record()
    own, against = own_indicators(), reference_indicators()
    with open_cache(store.folder) as cache:
        found = by_indicator(scores_of(cache, front, own, record.to_score), own)
        if record.pareto_front is not None:
            reference = true_reference(record)
            kept = scores_of(cache, front, against, lambda: record.to_score(reference), reference.digest)
            found |= by_indicator(kept, against)
    return found
