from __future__ import annotations

import hashlib
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, ReferenceFront, igd, reference_front

fronts = st.integers(1, 4).flatmap(
    lambda T: st.lists(
        arrays(
            np.float64,
            st.tuples(st.integers(1, 5), st.just(T)),
            elements=st.integers(-4, 4).map(lambda eighths: eighths / 8),
        ),
        min_size=1,
        max_size=5,
    )
)


@given(fronts, st.randoms(use_true_random=False))
def test_the_union_does_not_depend_on_order(points: list[np.ndarray], random: object) -> None:
    reference = reference_front(Front(p) for p in points)
    shuffled = [p[::-1] for p in points]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = reference_front([Front(p) for p in shuffled])
    assert again == reference
    assert again.digest == reference.digest
    rows = reference.objectives.tolist()
    assert rows == sorted(rows)
    union = Front(np.concatenate(points)).non_dominated().objectives.tolist()
    assert rows == sorted(union)
    assert igd(reference, reference) == 0.0


def test_the_digest_is_of_shape_and_little_endian_rows() -> None:
    reference = reference_front([Front([[0.5, 0.25]]), Front([[0.25, 0.5], [0.75, 0.75]])])
    content = struct.pack("<qq4d", 2, 2, 0.25, 0.5, 0.5, 0.25)
    assert reference.digest == hashlib.sha256(content).hexdigest()


def test_digests_tell_values_and_shapes_apart_but_not_signs_of_zero() -> None:
    digest = ReferenceFront([[0.0, 1.0]]).digest
    assert ReferenceFront([[-0.0, 1.0]]).digest == digest
    assert ReferenceFront([[0.0, np.nextafter(1.0, 2.0)]]).digest != digest
    assert ReferenceFront([[0.0]]).digest != ReferenceFront([[0.0, 0.0]]).digest


def test_a_recorded_reference_front_reads_back_as_itself() -> None:
    reference = reference_front([Front([[0.5, 0.25], [0.25, 0.5]], [[1.0, 0.0], [0.0, 1.0]])])
    for again in (ReferenceFront(reference.objectives), pickle.loads(pickle.dumps(reference))):
        assert isinstance(again, ReferenceFront)
        assert again == reference
        assert again.digest == reference.digest
    assert reference.preferences is None


def test_no_front_and_mixed_objectives_are_refused() -> None:
    with pytest.raises(FrontError, match="at least one front; found none"):
        reference_front([])
    with pytest.raises(FrontError, match=r"found \[2, 3\] objectives"):
        reference_front([Front([[0.1, 0.2]]), Front([[0.1, 0.2, 0.3]])])
