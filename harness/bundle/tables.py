"""The tables of a bundle: every recorded front, and the true fronts they were recorded with, to the last bit."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..cells.cell import is_one_line
from ..records.evaluation import Evaluation
from ..records.front_record import FrontRecord

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ROWS = 50_000_000
"""Of one table; a small file can claim to hold any number of equal rows."""


def front_digest(record: FrontRecord) -> str:
    """SHA-256 in hex of a front: errors, losses, preferences and labels, member by member."""
    evaluation = record.evaluation
    weights = np.zeros((0, 0)) if evaluation.preferences is None else evaluation.preferences
    parts = [array_digest(values) for values in (evaluation.error, evaluation.loss, weights)]
    return hashlib.sha256(json.dumps([*parts, *evaluation.labels]).encode()).hexdigest()


def array_digest(values: NDArray[np.float64]) -> str:
    """SHA-256 in hex of the shape as little-endian int64, then the rows as little-endian float64."""
    content = hashlib.sha256(np.array(values.shape, dtype="<i8").tobytes())
    content.update(np.ascontiguousarray(values + 0.0, dtype="<f8").tobytes())
    return content.hexdigest()


def write_fronts(records: Mapping[str, FrontRecord]) -> bytes:
    """A Parquet file with a row for every run (its cell's key), member and task."""
    import pyarrow as pa

    columns: dict[str, list[pa.Array]] = {}
    for key, record in records.items():
        evaluation, tasks = record.evaluation, record.cell.tasks
        n, n_tasks = evaluation.error.shape
        weights = evaluation.preferences
        for name, values in {
            "run": pa.array([key] * (n * n_tasks), pa.string()),
            "member": pa.array(np.repeat(np.arange(n, dtype=np.int32), n_tasks)),
            "label": pa.array([label for label in evaluation.labels for _ in tasks], pa.string()),
            "task": pa.array(list(tasks) * n, pa.string()),
            "preference": pa.nulls(n * n_tasks, pa.float64()) if weights is None else pa.array(weights.ravel()),
            "error": pa.array(evaluation.error.ravel()),
            "loss": pa.array(evaluation.loss.ravel()),
        }.items():
            columns.setdefault(name, []).append(values)
    names = {"run": pa.string(), "member": pa.int32(), "label": pa.string(), "task": pa.string()}
    names |= dict.fromkeys(("preference", "error", "loss"), pa.float64())
    return _bytes(pa.table({name: pa.chunked_array(columns.get(name, []), kind) for name, kind in names.items()}))


def read_fronts(content: bytes, wanted: Sequence[tuple[str, int, tuple[str, ...]]]) -> dict[str, Evaluation]:
    """Inverse of `write_fronts`.

    Args:
        content: the file.
        wanted: (key, members, tasks) of every run, in the file's order.

    Raises:
        ValueError: the file holds other runs, members or tasks than that.
    """
    table = _table(content, text=("run", "label", "task"))
    expected = sum(members * len(tasks) for _, members, tasks in wanted)
    if table.num_rows != expected:
        raise ValueError(f"fronts.parquet has {table.num_rows} rows instead of {expected}")
    found, start = {}, 0
    for key, members, tasks in wanted:
        rows = table.slice(start, members * len(tasks)).to_pydict()
        start += members * len(tasks)
        order = [(key, member, task) for member in range(members) for task in tasks]
        if list(zip(rows["run"], rows["member"], rows["task"], strict=True)) != order:
            raise ValueError(f"fronts.parquet does not hold the {members} members of run {key} where they are expected")
        labels = rows["label"][:: len(tasks)]
        if rows["label"] != [label for label in labels for _ in tasks]:
            raise ValueError(f"the labels of run {key} differ from task to task")
        if not all(isinstance(label, str) and is_one_line(label) and len(label) <= 2000 for label in labels):
            raise ValueError(f"the labels of run {key} are no lines of text")
        error, loss, preferences = (
            np.array(rows[name], dtype=np.float64).reshape(members, len(tasks))
            for name in ("error", "loss", "preference")
        )
        found[key] = Evaluation(error, loss, None if np.isnan(preferences).all() else preferences, tuple(labels))
    return found


def write_pareto_fronts(fronts: Mapping[str, NDArray[np.float64]]) -> bytes:
    """A Parquet file with a row for every true front (its digest), point and objective."""
    import pyarrow as pa

    each = list(fronts.values())
    return _bytes(
        pa.table(
            {
                "digest": pa.array([name for name, points in fronts.items() for _ in range(points.size)], pa.string()),
                "point": _joined(np.repeat(np.arange(len(points), dtype=np.int32), points.shape[1]) for points in each),
                "objective": _joined(
                    np.tile(np.arange(points.shape[1], dtype=np.int32), len(points)) for points in each
                ),
                "value": pa.array(np.concatenate([np.zeros(0), *(points.ravel() for points in each)])),
            }
        )
    )


def read_pareto_fronts(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Inverse of `write_pareto_fronts`; ValueError where a front is not what its digest says."""
    rows = _table(content, text=("digest",)).to_pydict()
    if None in rows["value"]:
        raise ValueError("a value of pareto_fronts.parquet is missing")
    names = np.array(rows["digest"], dtype=str)
    objectives, values = np.array(rows["objective"], dtype=np.int64), np.array(rows["value"], dtype=np.float64)
    found = {}
    for name in dict.fromkeys(rows["digest"]):
        chosen = names == name
        n_objectives = int(objectives[chosen].max()) + 1
        if n_objectives < 1 or chosen.sum() % n_objectives:
            raise ValueError(f"the true front {name[:12]} is not whole")
        found[name] = values[chosen].reshape(-1, n_objectives)
        if array_digest(found[name]) != name:
            raise ValueError(f"the true front {name[:12]} is not what its digest says")
    return found


def check_size(content: bytes) -> None:
    """ValueError where a Parquet file claims more rows than can be meant."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(content)) as parquet:
        if parquet.metadata.num_rows > MAX_ROWS or parquet.metadata.num_columns > 10_000:
            raise ValueError(f"a table of {parquet.metadata.num_rows} rows is no table of a bundle")


def _table(content: bytes, text: Sequence[str]) -> pa.Table:
    import pyarrow.parquet as pq

    check_size(content)
    # Read as dictionaries: millions of equal strings, however long, are one.
    with pq.ParquetFile(io.BytesIO(content), read_dictionary=list(text)) as parquet:
        return parquet.read()


def _joined(parts: Iterable[NDArray[np.int32]]) -> pa.Array:
    import pyarrow as pa

    return pa.array(np.concatenate([np.zeros(0, np.int32), *parts]))


def _bytes(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()
