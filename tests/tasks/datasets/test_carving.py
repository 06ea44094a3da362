"""Choices among examples: of every class alike, seeded, and never parting what is the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrunner.tasks.datasets.splits.carving import Ranks, carve, thin


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_carved_part_shares_no_content_and_keeps_every_class(data):
    n = data.draw(st.integers(2, 60))
    codes = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    contents = np.array(data.draw(st.lists(st.integers(0, 40), min_size=n, max_size=n)), np.uint64)
    wanted = data.draw(st.integers(1, n))
    everything = np.arange(n)
    chosen = carve(codes, Ranks(contents, n, seed=3), wanted, everything)
    rest = np.setdiff1d(everything, chosen)
    assert len(chosen) >= 1
    assert not set(contents[chosen]) & set(contents[rest])
    assert chosen.tolist() == sorted(set(chosen.tolist()))


@pytest.mark.parametrize(
    ("sizes", "wanted", "expected"), [((50, 100), 15, [5, 10]), ((9, 9, 2), 10, [5, 4, 1]), ((1, 9), 2, [0, 2])]
)
def test_classes_are_taken_in_proportion_and_keep_one_example(sizes, wanted, expected):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    chosen = carve(codes, Ranks(None, len(codes), seed=0), wanted, np.arange(len(codes)))
    assert np.bincount(codes[chosen], minlength=len(sizes)).tolist() == expected


def test_the_choice_depends_on_contents_and_seed_and_not_on_the_order_of_files():
    rng = np.random.default_rng(0)
    contents = rng.integers(0, 2**62, size=200).astype(np.uint64)
    codes = rng.integers(0, 4, size=200)
    order = rng.permutation(200)

    def chosen(index, seed):
        found = carve(codes[index], Ranks(contents[index], 200, seed), 20, np.arange(200))
        return set(contents[index][found].tolist())

    assert chosen(np.arange(200), 0) == chosen(order, 0)
    assert chosen(np.arange(200), 0) != chosen(np.arange(200), 1)


def test_thinning_takes_no_more_than_asked_and_all_where_there_are_fewer():
    codes = np.repeat([0, 1, 2], [60, 30, 10])
    ranks = Ranks(None, 100, seed=0)
    assert np.bincount(codes[thin(codes, ranks, 10, np.arange(100))]).tolist() == [6, 3, 1]
    assert len(thin(codes, ranks, 100, np.arange(100))) == 100
    assert set(thin(codes, ranks, 5, np.arange(100))) <= set(thin(codes, ranks, 50, np.arange(100)))
