"""The reference front of comparable cells, and what trivial answers give on their problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...metrics import Front, reference_front
from ..records.attempt import Attempt
from .kept_fronts import content_of
from .references import true_reference
from .score_cache import ScoreCache


def make_reference(cache: ScoreCache, members: Sequence[tuple[Attempt, str]]) -> dict[str, Any]:
    """Return what comparable cells are scored against, as JSON values.

    The reference front is the true one where the suite knows it, else the non-dominated union of the members' fronts.

    Args:
        cache: keeps the content of fronts.
        members: finished attempts, each with the digest of its front.
    """
    first = members[0][0].record()
    reference = (
        reference_front(Front(content_of(cache, *member)["objectives"]) for member in members)
        if first.pareto_front is None
        else true_reference(first)
    )
    return {
        "objectives": reference.objectives.tolist(),
        "closed_form": first.pareto_front is not None,
        "reference_point": np.asarray(first.reference_point).tolist(),
        "neighbour_errors": {} if first.pareto_front is not None else _neighbours(cache, members),
    }


def _neighbours(cache: ScoreCache, members: Sequence[tuple[Attempt, str]]) -> dict[str, list[float]]:
    """Return the errors of 1-nearest-neighbour by seed, as text; objectives in closed form have no inputs."""
    found: dict[str, list[float]] = {}
    for attempt, digest in members:
        errors = content_of(cache, attempt, digest)["neighbour_errors"]
        if errors is not None:
            found[str(attempt.cell.seed)] = errors
    return found
