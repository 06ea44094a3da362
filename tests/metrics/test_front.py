from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front

# Multiples of 1/8 make ties, repeated and dominated points likely.
objectives = st.integers(1, 5).flatmap(
    lambda T: arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.just(T)),
        elements=st.integers(0, 8).map(lambda eighths: eighths / 8),
    )
)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([], r"found shape \(0,\)"),
        (np.empty((0, 3)), r"found shape \(0, 3\)"),
        (np.empty((3, 0)), r"found shape \(3, 0\)"),
        ([0.1, 0.2], r"found shape \(2,\)"),
        (np.zeros((2, 2, 2)), r"found shape \(2, 2, 2\)"),
        ([[0.1, 0.2], [np.nan, 0.2]], r"found \[nan, 0\.2\] in row 1 \(such rows: 1 of 2\)"),
        ([[np.inf, 0.2]], "finite"),
        ([[-np.inf, 0.2]], "finite"),
        ([["0.1", "0.2"]], "found dtype"),
        ([[None, 0.2]], "found dtype object"),
        ([[0.1 + 1j, 0.2]], "found dtype complex128"),
        ([[True, False]], "found dtype bool"),
        ([[0.1, 0.2], [0.3]], "NumPy refuses them"),
        (np.ma.masked_invalid([[np.nan, 0.2]]), "masked"),
    ],
)
def test_a_broken_front_cannot_be_built(broken: object, message: str) -> None:
    with pytest.raises(FrontError, match=message):
        Front(broken)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("preferences", "message"),
    [
        ([[0.5, 0.5]], r"shape of objectives, \(2, 2\); found \(1, 2\)"),
        ([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], r"found \(2, 3\)"),
        ([[0.5, 0.5], [0.5, 0.4]], r"row 1 of preferences.*sum to 0\.9"),
        ([[1.5, -0.5], [0.5, 0.5]], "row 0 of preferences.*not negative"),
        ([[0.5, 0.5], [np.nan, 1.0]], "preferences are finite"),
    ],
)
def test_preferences_are_checked_row_by_row(preferences: object, message: str) -> None:
    with pytest.raises(FrontError, match=message):
        Front([[0.1, 0.2], [0.2, 0.1]], preferences)  # type: ignore[arg-type]


def test_arrays_are_read_only_float64_copies() -> None:
    source = np.array([[1, 2], [2, 1]], dtype=np.float32)
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    front = Front(source, weights)
    source[0, 0] = np.nan
    weights[0] = np.nan
    assert front.objectives.tolist() == [[1.0, 2.0], [2.0, 1.0]]
    assert front.preferences is not None
    assert front.preferences.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    for made in (front, pickle.loads(pickle.dumps(front)), copy.deepcopy(front)):
        assert made == front
        assert made.objectives.dtype == np.float64
        for array in (made.objectives, made.preferences):
            assert array is not None
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 0.0
    with pytest.raises(FrozenInstanceError):
        front.objectives = weights  # type: ignore[misc]


def test_equality_is_by_value() -> None:
    front = Front([[0.0, 1.0]], [[0.5, 0.5]])
    assert front == Front([[-0.0, 1.0]], [[0.5, 0.5]])
    assert hash(front) == hash(Front([[-0.0, 1.0]], [[0.5, 0.5]]))
    assert front != Front([[0.0, 1.0]])
    assert front != Front([[0.0, 1.0]], [[0.25, 0.75]])
    assert Front([[1.0, 2.0]]) != Front([[1.0], [2.0]])
    assert front != "a front"


def test_repr_says_what_it_holds() -> None:
    assert repr(Front([[0.0, 1.0], [1.0, 0.0]])) == "Front(2 points, 2 objectives, without preferences)"


def test_non_dominated_keeps_order_preferences_and_the_first_duplicate() -> None:
    front = Front(
        [[0.5, 0.1], [0.6, 0.2], [0.1, 0.5], [0.5, 0.1], [0.1, 0.6]],
        [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.2], [0.7, 0.3]],
    )
    assert front.non_dominated() == Front([[0.5, 0.1], [0.1, 0.5]], [[1.0, 0.0], [0.0, 1.0]])


@given(objectives)
def test_non_dominated_is_what_the_definition_says(points: np.ndarray) -> None:
    expected = [
        p.tolist()
        for i, p in enumerate(points)
        if not any((q <= p).all() and (q < p).any() for q in points) and not any((q == p).all() for q in points[:i])
    ]
    front = Front(points)
    assert front.non_dominated().objectives.tolist() == expected
    assert front.non_dominated_mask.sum() == len(expected)
    assert front.non_dominated().non_dominated() == front.non_dominated()
    assert (front.n_points, front.n_objectives) == points.shape
