"""Every quality of one recorded front, by the names of `measures.QUALITIES`; what has no meaning for it is absent."""

from __future__ import annotations

from ...errors import FrontError
from ...metrics import (
    Front,
    ReferenceFront,
    alignment,
    dominated_share,
    expected_utility,
    hypervolume,
    igd,
    igd_plus,
    largest_gap,
    non_uniformity,
    normalised,
    spread,
)
from ..front_record import FrontRecord

HYPERVOLUME_ERROR = "hypervolume_error"
"""Half width of the estimate's 95 % interval; absent where the hypervolume is exact."""


def own_scores(record: FrontRecord) -> dict[str, float]:
    """What a front says by itself, computed from the record, never from memory."""
    front = record.front()
    volume = record.hypervolume()
    found: dict[str, float | None] = {
        "hypervolume": volume.value,
        HYPERVOLUME_ERROR: None if volume.exact else volume.error,
        "hypervolume_ratio": record.hypervolume_ratio(volume),
        "normalised_hypervolume": _normalised_hypervolume(record),
        "alignment": alignment(front),
        "largest_gap": largest_gap(front),
        "dominated_share": dominated_share(front),
        "non_uniformity": _non_uniformity(record),
        "expected_utility": expected_utility(front),
    }
    return _present(found)


def reference_scores(front: Front, reference: ReferenceFront) -> dict[str, float]:
    """What a front says against a reference front, the names in `measures.NEED_THE_REFERENCE`."""
    return _present(
        {"igd": igd(front, reference), "igd_plus": igd_plus(front, reference), "spread": spread(front, reference)}
    )


def _normalised_hypervolume(record: FrontRecord) -> float | None:
    if record.specialist is None or record.pretrained is None:
        return None
    front = normalised(record.front(), record.specialist, record.pretrained)
    return None if front is None else hypervolume(front, [1.0] * front.n_objectives).value


def _non_uniformity(record: FrontRecord) -> float | None:
    """Of the losses, which are what EPO balances; None for losses that are not finite."""
    try:
        return non_uniformity(Front(record.evaluation.loss, record.evaluation.preferences))
    except FrontError:
        return None


def _present(found: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in found.items() if value is not None}
