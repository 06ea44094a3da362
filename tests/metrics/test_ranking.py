"""Ranks over blocks against published numbers, and who ties with the best within one suite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrunner.metrics.ranking import (
    DIAGRAM_BLOCKS,
    DIAGRAM_LEARNERS,
    Ranking,
    average_ranks,
    critical_difference,
    rank,
    shared_ranks,
    tied_with_best,
)

C45 = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
DEMSAR = [  # ranks of the 14 data sets of Demsar (2006), table 6
    (4, 3, 2, 1),
    (1, 2, 3, 4),
    (4, 1, 2, 3),
    (4, 1, 3, 2),
    (4, 2, 3, 1),
    (1, 2.5, 4, 2.5),
    (3, 2, 4, 1),
    (2.5, 2.5, 4, 1),
    (4, 3, 2, 1),
    (2.5, 2.5, 2.5, 2.5),
    (4, 2.5, 1, 2.5),
    (3, 2, 4, 1),
    (4, 1, 2, 3),
    (3, 1, 4, 2),
]
blocks = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 4).map(float), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@pytest.mark.parametrize(
    ("n_learners", "quantile"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102), (10, 3.164)],
)
def test_quantiles_are_those_published(n_learners, quantile):
    """Demsar (2006), table 5a."""
    n_blocks = 12
    found = critical_difference(n_learners, n_blocks) / np.sqrt(n_learners * (n_learners + 1) / (6 * n_blocks))
    assert found == pytest.approx(quantile, abs=1.1e-3)  # the paper cuts some of its digits


def test_the_worked_example_comes_out_as_published():
    """Demsar (2006), section 3.2.2: nothing differs at 0.05; at 0.10 C4.5 is worse than two, and joins the third."""
    found = rank(-np.array(DEMSAR), C45)
    assert found.names == ("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5")
    assert found.average_ranks == pytest.approx((1.964, 2.000, 2.893, 3.143), abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert found.cliques == (found.names,)
    tied_ranks = 2**3 - 2 + 2**3 - 2 + 4**3 - 4 + 2**3 - 2  # the published 9.28 is not corrected for ties
    corrected = 9.28 / (1 - tied_ranks / (14 * 4 * (4**2 - 1)))
    assert found.friedman_p == pytest.approx(stats.chi2.sf(corrected, 3), rel=5e-3)
    assert found.enough_for_diagram
    at_ten = rank(-np.array(DEMSAR), C45, confidence=0.9)
    assert at_ten.critical_difference == pytest.approx(1.12, abs=5e-3)
    assert at_ten.cliques == (found.names[:3], found.names[2:])
    assert at_ten.tied_with_best == found.names[:3]


@given(blocks)
def test_each_blocks_ranks_are_those_of_scipy(scores):
    expected = stats.rankdata(-np.array(scores), axis=1)
    assert average_ranks(scores) == pytest.approx(expected.mean(axis=0))


@given(blocks)
def test_ranks_do_not_depend_on_the_scale_of_a_block_and_sum_to_the_same(scores):
    scores = np.array(scores)
    n_blocks, k = scores.shape
    rescaled = np.exp(scores) * np.arange(1, n_blocks + 1)[:, None] - 7
    assert average_ranks(rescaled) == pytest.approx(average_ranks(scores))
    assert average_ranks(scores).sum() == pytest.approx(k * (k + 1) / 2)


@given(blocks, st.randoms())
def test_the_order_of_learners_means_nothing(scores, random):
    names = [f"learner {i}" for i in range(len(scores[0]))]
    order = random.sample(range(len(names)), len(names))
    shuffled = [[block[i] for i in order] for block in scores]
    found, again = rank(scores, names), rank(shuffled, [names[i] for i in order])
    assert found.names == again.names
    assert found.cliques == again.cliques
    assert list(found.average_ranks) == sorted(found.average_ranks)


@given(
    st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=1, max_size=8).map(sorted),
    st.integers(0, 20).map(lambda n: n / 4),
)
def test_cliques_are_the_maximal_groups_within_the_difference(ranks, difference):
    names = tuple(f"{i}" for i in range(len(ranks)))
    found = Ranking(names, tuple(ranks), 9, 0.95, None, difference)
    at = dict(zip(names, ranks, strict=True))
    groups = {names[i:j] for i in range(len(names)) for j in range(i + 2, len(names) + 1)}
    joined = {group for group in groups if at[group[-1]] - at[group[0]] <= difference}
    assert set(found.cliques) == {group for group in joined if not any(set(group) < set(other) for other in joined)}
    assert found.tied_with_best == tuple(name for name in names if at[name] - ranks[0] <= difference)


def test_what_cannot_be_tested_is_absent():
    one_block = rank([[3.0, 2.0, 1.0]], "abc")
    assert (one_block.friedman_p, one_block.n_blocks) == (None, 1)
    two_learners = rank([[2.0, 1.0]] * 8, "ab")
    assert two_learners.friedman_p is None
    assert two_learners.critical_difference == pytest.approx(1.96 / np.sqrt(8), abs=1e-3)
    alone = rank([[2.0]] * 8, "a")
    assert (alone.friedman_p, alone.critical_difference, alone.cliques, alone.tied_with_best) == (
        None,
        None,
        (),
        ("a",),
    )
    assert not any(found.enough_for_diagram for found in (one_block, two_learners, alone))


def test_learners_that_always_tie_do_not_differ():
    found = rank(np.ones((6, 4)), "abcd")
    assert found.friedman_p == 1.0
    assert found.tied_with_best == ("a", "b", "c", "d")


def test_friedmans_test_finds_what_always_wins():
    found = rank([[3.0, 2.0, 1.0]] * 12, "abc")
    assert found.friedman_p == pytest.approx(stats.chi2.sf(24, 2))
    assert found.tied_with_best == ("a",)
    assert found.cliques == ()


def test_with_fewer_blocks_than_a_diagram_needs_nearly_all_are_joined():
    largest = DIAGRAM_LEARNERS - 1
    assert critical_difference(DIAGRAM_LEARNERS, DIAGRAM_BLOCKS - 1) > 0.8 * largest
    assert critical_difference(DIAGRAM_LEARNERS, DIAGRAM_BLOCKS) < 0.8 * largest


@pytest.mark.parametrize("scores", [[], [[]], [1.0, 2.0], [[1.0, float("nan")]]], ids=str)
def test_what_has_no_ranks_is_refused(scores):
    with pytest.raises(ValueError, match="leave out blocks that are not complete; found shape"):
        average_ranks(scores)


def test_a_learner_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"one name for each of 2 learners, found 1: \['a'\]"):
        rank([[1.0, 2.0]], ["a"])


class TestTiedWithBest:
    def test_pairs_decide_and_not_the_spread_over_seeds(self):
        seeds = np.arange(5)
        hard = np.array([0.0, 4.0, 1.0, 3.0, 2.0])  # far more than the learners differ by
        noise = np.array([0.01, -0.02, 0.015, -0.01, 0.005])
        values = {"best": hard, "worse": hard - 0.5 + noise, "same": hard - 0.001 + noise}
        by_seed = {name: dict(zip(seeds, of, strict=True)) for name, of in values.items()}
        assert tied_with_best(by_seed, maximize=True) == {"best", "same"}
        turned = {name: {seed: -value for seed, value in of.items()} for name, of in by_seed.items()}
        assert tied_with_best(turned, maximize=False) == {"best", "same"}
        assert tied_with_best(by_seed, maximize=False) == {"worse"}

    def test_one_common_seed_says_nothing(self):
        values = {"best": {1: 0.9, 2: 0.95}, "close": {2: 0.9}, "elsewhere": {7: 0.92, 8: 0.9}, "none": {}}
        assert tied_with_best(values, maximize=True) == {"best"}
        assert tied_with_best({"a": {1: 0.5}, "b": {1: 0.4}}, maximize=True) == {"a"}

    def test_fewer_than_three_common_seeds_make_no_tie(self):
        best, close = {1: 0.9, 2: 0.8, 3: 0.7}, {1: 0.85, 2: 0.81, 4: 0.6}
        assert tied_with_best({"best": best, "close": close}, maximize=True) == {"best"}
        assert tied_with_best({"best": best, "close": close | {3: 0.69}}, maximize=True) == {"best", "close"}

    def test_the_same_mean_is_a_tie_whatever_the_seeds(self):
        values = {"a": {1: 0.5}, "b": {1: 0.5}, "c": {1: 0.4}, "d": {2: 0.25, 3: 0.75}}
        assert tied_with_best(values, maximize=True) == {"a", "b", "d"}

    def test_nobody_ties_where_nobody_was_measured(self):
        assert tied_with_best({}, maximize=True) == tied_with_best({"a": {}}, maximize=True) == set()

    def test_what_is_not_finite_is_refused(self):
        with pytest.raises(ValueError, match="expected finite values"):
            tied_with_best({"a": {1: float("nan")}}, maximize=True)


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), max_size=8))
def test_equal_values_share_the_best_rank_among_them(values):
    ranks = [shared_ranks(values)[value] for value in values]
    assert ranks == (stats.rankdata(-np.array(values), method="min").tolist() if values else [])


def test_equal_average_ranks_share_a_place():
    found = rank([[4.0, 3.0, 2.0, 1.0], [4.0, 2.0, 3.0, 1.0]], "abcd")
    assert (found.average_ranks, found.places) == ((1, 2.5, 2.5, 4), (1, 2, 2, 4))
