"""The tables of bundles of version 0.1.0: every recorded front, and the true fronts they were recorded with."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...one_line import is_one_line
from ..records.evaluation import Evaluation
from ..records.table_limits import read_table

MAX_TRUE_VALUES = 4 * 10**6
"""The most values of all true fronts of a bundle: a million points of four objectives."""


def front_digest(evaluation: Evaluation) -> str:
    """Return the SHA-256 in hex of a front: errors, losses, preferences and labels, member by member."""
    weights = np.zeros((0, 0)) if evaluation.preferences is None else evaluation.preferences
    parts = [array_digest(values) for values in (evaluation.error, evaluation.loss, weights)]
    return hashlib.sha256(json.dumps([*parts, *evaluation.labels]).encode()).hexdigest()


def array_digest(values: NDArray[np.float64]) -> str:
    """Return the SHA-256 in hex of the shape as little-endian int64, then the rows as little-endian float64."""
    content = hashlib.sha256(np.array(values.shape, dtype="<i8").tobytes())
    content.update(np.ascontiguousarray(values + 0.0, dtype="<f8").tobytes())
    return content.hexdigest()


def read_fronts(content: bytes, wanted: Sequence[tuple[str, int, tuple[str, ...]]]) -> dict[str, Evaluation]:
    """Read a table with a row for every run (its cell's key), member and task.

    Args:
        content: the file's bytes.
        wanted: (key, members, tasks) of every run, in the file's order.

    Raises:
        ValueError: the file holds other runs, members or tasks than `wanted`.
    """
    table = read_table(io.BytesIO(content), "fronts.parquet", texts=("run", "label", "task"))
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


def read_true_fronts(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Read a table with a row for every true front (its digest), point and objective.

    Raises:
        ValueError: a front is not what its digest says.
    """
    rows = read_table(
        io.BytesIO(content), "pareto_fronts.parquet", texts=("digest",), max_rows=MAX_TRUE_VALUES
    ).to_pydict()
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
