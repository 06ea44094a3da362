"""The tables of bundles of version 0.1.0 come back to the last bit; written here as that version wrote them."""

import hashlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrunner.harness.bundle.first_version_tables import array_digest, front_digest, read_fronts, read_true_fronts
from frontrunner.harness.records.evaluation import Evaluation


def write_fronts(evaluations, tasks):
    """A row for every run, member and task; both arguments are by run."""
    names = {"run": pa.string(), "member": pa.int32(), "label": pa.string(), "task": pa.string()}
    names |= dict.fromkeys(("preference", "error", "loss"), pa.float64())
    columns = {name: [] for name in names}
    for key, evaluation in evaluations.items():
        n, n_tasks = evaluation.error.shape
        weights = evaluation.preferences
        columns["run"] += [key] * (n * n_tasks)
        columns["member"] += np.repeat(np.arange(n), n_tasks).tolist()
        columns["label"] += [label for label in evaluation.labels for _ in range(n_tasks)]
        columns["task"] += list(tasks[key]) * n
        columns["preference"] += [None] * (n * n_tasks) if weights is None else weights.ravel().tolist()
        columns["error"] += evaluation.error.ravel().tolist()
        columns["loss"] += evaluation.loss.ravel().tolist()
    return _bytes({name: pa.array(columns[name], kind) for name, kind in names.items()})


def write_true_fronts(fronts):
    """A row for every true front (by digest), point and objective."""
    rows = [
        (name, point, objective, float(value))
        for name, points in fronts.items()
        for point, values in enumerate(points)
        for objective, value in enumerate(values)
    ]
    kinds = {"digest": pa.string(), "point": pa.int32(), "objective": pa.int32(), "value": pa.float64()}
    return _bytes({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(kinds.items())})


def _bytes(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def evaluations(draw):
    n, n_tasks = draw(st.integers(1, 4)), draw(st.integers(1, 4))

    def matrix(values):
        rows = draw(st.lists(st.lists(values, min_size=n_tasks, max_size=n_tasks), min_size=n, max_size=n))
        return np.array(rows, dtype=np.float64)

    labels = draw(st.lists(st.sampled_from(["", "a", "λ=0.3"]), min_size=n, max_size=n))
    preferences = matrix(st.floats(0, 1)) if draw(st.booleans()) else None
    return Evaluation(matrix(numbers), matrix(st.floats()), preferences, tuple(labels))


@settings(max_examples=50, deadline=None)
@given(st.lists(evaluations(), max_size=3))
def test_fronts_come_back_to_the_last_bit(made):
    named = {hashlib.sha256(bytes([i])).hexdigest()[:16]: evaluation for i, evaluation in enumerate(made)}
    tasks = {key: tuple(f"task{t}" for t in range(one.error.shape[1])) for key, one in named.items()}
    wanted = [(key, len(one.labels), tasks[key]) for key, one in named.items()]
    found = read_fronts(write_fronts(named, tasks), wanted)
    for key, evaluation in named.items():
        assert found[key].labels == evaluation.labels
        assert front_digest(found[key]) == front_digest(evaluation)
        for name in ("error", "loss", "preferences"):
            ours, theirs = getattr(evaluation, name), getattr(found[key], name)
            assert (ours is None) == (theirs is None)
            assert ours is None or np.array_equal(ours, theirs, equal_nan=True)


def test_true_fronts_come_back_to_the_last_bit():
    rng = np.random.default_rng(0)
    fronts = [rng.random((50, 2)), rng.random((7, 4)), rng.random((3, 1))]
    named = {array_digest(front): front for front in fronts}
    found = read_true_fronts(write_true_fronts(named))
    assert list(found) == list(named)
    assert all(np.array_equal(found[name], named[name]) for name in named)
    assert read_true_fronts(write_true_fronts({})) == {}
