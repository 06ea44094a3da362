from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frontrunner.metrics import Front, dominated_share

# Multiples of 1/8 make ties, repeated and dominated points likely.
values = st.integers(0, 10).map(lambda eighths: eighths / 8)
any_points = st.tuples(st.integers(1, 8), st.integers(1, 5)).flatmap(lambda s: arrays(np.float64, s, elements=values))


def test_the_dominated_share_counts_answers() -> None:
    assert dominated_share(Front([[0.5, 0.5]])) == 0.0
    assert dominated_share(Front([[0.5, 0.5], [0.5, 0.5], [0.2, 0.9]])) == 0.0
    assert dominated_share(Front([[0.5, 0.5], [0.5, 0.6], [0.5, 0.6], [0.2, 0.9]])) == 0.5
    assert dominated_share(Front([[0.0], [0.0], [1.0]])) == 1 / 3


@given(any_points, st.randoms(use_true_random=False))
def test_the_dominated_share_is_that_of_points_with_a_better_one(f: np.ndarray, random: object) -> None:
    points, tasks = list(range(f.shape[0])), list(range(f.shape[1]))
    random.shuffle(points)  # type: ignore[attr-defined]
    random.shuffle(tasks)  # type: ignore[attr-defined]
    dominated = [any((g <= p).all() and (g < p).any() for g in f) for p in f]
    value = dominated_share(Front(f))
    assert value == sum(dominated) / len(f)
    assert dominated_share(Front(f[points][:, tasks])) == value
    assert dominated_share(Front(np.concatenate([f, f]))) == value
    assert dominated_share(Front(np.concatenate([f, f + 2.0]))) == (sum(dominated) + len(f)) / (2 * len(f))
