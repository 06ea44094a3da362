"""Every quality of one recorded front, by the names of `measures.QUALITIES`; what has no meaning for it is absent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

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
from ..records.front_record import FrontRecord

HYPERVOLUME_ERROR = "hypervolume_error"
"""Half width of the estimate's 95 % interval; absent where the hypervolume is exact."""


def own_scores(record: FrontRecord) -> dict[str, float]:
    """What a front says by itself, computed from the record, never from memory.

    Raises:
        FrontError: its hypervolume is too large for a float.
    """
    front = record.front()
    volume = record.hypervolume()
    scores = {"hypervolume": volume.value}
    if not volume.exact:
        scores[HYPERVOLUME_ERROR] = volume.error
    return scores | _present(
        {
            "hypervolume_ratio": lambda: record.hypervolume_ratio(volume),
            "normalised_hypervolume": lambda: _normalised_hypervolume(record),
            "alignment": lambda: alignment(front),
            "largest_gap": lambda: largest_gap(front),
            "dominated_share": lambda: dominated_share(front),
            "non_uniformity": lambda: non_uniformity(Front(record.evaluation.loss, record.evaluation.preferences)),
            "expected_utility": lambda: expected_utility(front),
        }
    )


def reference_scores(front: Front, reference: ReferenceFront) -> dict[str, float]:
    """What a front says against a reference front, the names in `measures.NEED_THE_REFERENCE`."""
    return _present(
        {
            "igd": lambda: igd(front, reference),
            "igd_plus": lambda: igd_plus(front, reference),
            "spread": lambda: spread(front, reference),
        }
    )


def _normalised_hypervolume(record: FrontRecord) -> float | None:
    if record.specialist is None or record.pretrained is None:
        return None
    front = normalised(record.front(), record.specialist, record.pretrained)
    return None if front is None else hypervolume(front, [1.0] * front.n_objectives).value


def _present(measured: Mapping[str, Callable[[], float | None]]) -> dict[str, float]:
    """Those that have a value; one that is too large for a float, or of losses that are not finite, has none."""
    found = {}
    for name, measure in measured.items():
        with contextlib.suppress(FrontError):
            value = measure()
            if value is not None:
                found[name] = value
    return found
