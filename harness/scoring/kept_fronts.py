"""What the score cache keeps of a front's content: enough to show it, and to score it against another reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front, ReferenceFront, ScoringInput
from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from .score_cache import ScoreCache


def front_content(record: FrontRecord) -> dict[str, Any]:
    """Return the content of a front that reports and indicators need, as JSON values."""

    def listed(values: Any) -> Any:
        return None if values is None else values.tolist()

    return {
        "objectives": record.evaluation.error.tolist(),
        "losses": [[value if np.isfinite(value) else None for value in row] for row in record.evaluation.loss.tolist()],
        "preferences": listed(record.evaluation.preferences),
        "labels": list(record.evaluation.labels),
        "reference_point": record.reference_point.tolist(),
        "true_hypervolume": record.hypervolume_limit,
        "expert_errors": listed(record.expert_errors),
        "pretrained_errors": listed(record.pretrained_errors),
        "neighbour_errors": listed(record.neighbour_errors),
    }


def to_score(content: Mapping[str, Any], reference: ReferenceFront) -> ScoringInput:
    """Return the input of indicators, made of the kept content of a front."""

    def array(values: Any) -> NDArray[np.float64] | None:
        return None if values is None else np.array(values, dtype=np.float64)

    return ScoringInput(
        front=Front(content["objectives"], content["preferences"]),
        losses=np.array(content["losses"], dtype=np.float64),
        reference_point=np.array(content["reference_point"], dtype=np.float64),
        true_hypervolume=content["true_hypervolume"],
        expert_errors=array(content["expert_errors"]),
        pretrained_errors=array(content["pretrained_errors"]),
        reference=reference,
    )


def content_of(cache: ScoreCache, attempt: Attempt, digest: str) -> Mapping[str, Any]:
    """Return the content of a front, kept or read now."""
    return cache.front(digest) or front_content(attempt.record())
