"""The fronts that distances are measured to: the true one, or the union of what was found, kept as a file."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from ...errors import StoreError
from ...metrics import ReferenceFront
from ...whole_file import replacing
from ..records.front_record import FrontRecord
from ..records.store import Store


def true_reference(record: FrontRecord) -> ReferenceFront:
    """Return a record's true front as a reference; cached, since a dense one takes a while to make.

    Raises:
        StoreError: the suite does not know the true front.
    """
    points = record.pareto_front
    if points is None:
        raise StoreError(f"{record.cell.suite} does not know its true front")
    return _canonical(points.astype("<f8").tobytes(), points.shape[1])


@functools.lru_cache(maxsize=16)
def _canonical(content: bytes, n_objectives: int) -> ReferenceFront:
    return ReferenceFront(np.frombuffer(content, dtype="<f8").reshape(-1, n_objectives))


def keep_reference(store: Store, reference: ReferenceFront, tasks: Sequence[str]) -> None:
    """Write a group's reference front to the store's folder, under its digest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = store.folder / "reference_fronts"
    file = folder / f"{reference.digest[:16]}.parquet"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        columns = {f"error_{task}": reference.objectives[:, t] for t, task in enumerate(tasks)}
        with replacing(file) as partial:
            pq.write_table(pa.table(columns), partial)
