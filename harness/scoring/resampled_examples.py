"""Hypervolumes on resampled test examples, which tell how much a result owes to the sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import ServerAwayError, StoreError
from ...metrics.sample_noise import resampled_hypervolumes
from ..records.attempt import Attempt
from ..records.finished_cell import EXAMPLE_ERRORS
from .kept_fronts import content_of
from .score_cache import ScoreCache


def resampled_of(cache: ScoreCache, attempt: Attempt, digest: str) -> tuple[NDArray[np.float32] | None, str]:
    """Return a front's hypervolumes on resampled test examples, kept or computed now, and why there are none.

    There are none, and no reason is given, where no errors by example are recorded.
    """
    if EXAMPLE_ERRORS not in attempt.digests:
        return None, ""
    kept = cache.resampled(digest)
    if kept is None:
        try:
            volumes = resample(attempt, np.asarray(content_of(cache, attempt, digest)["reference_point"]))
        except ServerAwayError:
            raise
        except StoreError as error:  # the front is whole, and its scores count
            return None, str(error)
        if volumes is not None:
            cache.keep_resampled(digest, volumes)
            kept = cache.resampled(digest)
    return kept, ""


def resample(attempt: Attempt, reference_point: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return a front's hypervolumes on resampled test examples; None where no errors by example are recorded.

    Raises:
        StoreError: those that are recorded are missing or damaged.
    """
    found = attempt.example_errors()
    if found is None:
        return None
    return resampled_hypervolumes([found.wrong(t) for t in range(len(found.bits))], reference_point)
