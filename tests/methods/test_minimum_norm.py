from itertools import combinations

import numpy as np
import pytest

from frontrunner.methods.scalarization.minimum_norm import minimum_norm_weights


def gradients(rng, n, size, orders=4.0):
    """n gradients whose lengths lie over some orders of magnitude."""
    return rng.normal(size=(n, size)) * 10 ** rng.uniform(-orders / 2, orders / 2, size=(n, 1))


def assert_optimal(vectors, alpha, *, tolerance=1e-6):
    """Every entry of C alpha is alpha' C alpha or more, and those of the support are equal to it.

    No vector of the hull is then shorter than the least entry divided by the norm. Entries are as exact as rounded
    inner products are; where the norm vanishes beside the lengths combined in it, that alone is what can be asked.
    """
    assert alpha.min() >= 0
    assert alpha.sum() == pytest.approx(1)
    alpha, vectors = alpha.astype(np.longdouble), vectors.astype(np.longdouble)
    shortest = alpha @ vectors
    norm = np.sqrt(shortest @ shortest)
    lengths = np.sqrt((vectors**2).sum(axis=1))
    if norm < 1e-7 * (alpha @ lengths):
        return
    slack = tolerance * norm**2 + 1e-14 * (alpha @ lengths) * lengths
    above = vectors @ shortest - norm**2
    assert (above >= -slack).all()
    assert (above <= slack)[alpha > 0].all()


def test_a_thousand_random_gramians_are_solved_to_a_millionth_of_the_norm():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        n = int(rng.integers(2, 9))
        vectors = gradients(rng, n, int(rng.choice([n, 2 * n, 50])))
        assert_optimal(vectors, minimum_norm_weights(vectors @ vectors.T))


@pytest.mark.parametrize("n", range(2, 9))
def test_no_support_has_a_shorter_vector(n):
    """The shortest vector of every affine hull of a subset, where it lies in the convex hull, is no shorter."""
    rng = np.random.default_rng(n)
    for _ in range(3):
        vectors = gradients(rng, n, n + 2) + rng.normal(size=n + 2)
        found = np.linalg.norm(minimum_norm_weights(vectors @ vectors.T) @ vectors)
        shortest = np.inf
        for size in range(1, n + 1):
            for support in combinations(range(n), size):
                rows = vectors[list(support)]
                weights = np.linalg.solve(rows @ rows.T, np.ones(size))
                if (weights >= 0).all():
                    shortest = min(shortest, np.linalg.norm(weights @ rows) / weights.sum())
        assert found == pytest.approx(shortest, rel=1e-6)


def stretched(rng):
    return gradients(rng, 20, 40, orders=8)


def of_low_rank(rng):
    return gradients(rng, 8, 3) + 5 * rng.normal(size=3)


def near_duplicates(rng):
    return rng.normal(size=30) + 1e-8 * rng.normal(size=(6, 30))


def duplicates_of_other_lengths(rng):
    three = gradients(rng, 3, 10)
    return np.vstack([three, 1e3 * three, three])


def nearly_opposite(rng):
    one = rng.normal(size=10)
    return np.stack([one, -50 * one + 1e-3 * rng.normal(size=10), rng.normal(size=10)])


def tasks_and_cones(rng):
    """What PMTL combines: tasks' gradients, and their combinations by directions close to each other."""
    tasks = gradients(rng, 3, 10)
    axes = np.abs(1 + 0.05 * rng.normal(size=(15, 3)))
    return np.vstack([tasks, (axes[1:] - axes[0]) @ tasks])


@pytest.mark.parametrize(
    "kind", [stretched, of_low_rank, near_duplicates, duplicates_of_other_lengths, nearly_opposite, tasks_and_cones]
)
def test_badly_conditioned_gramians_are_solved(kind):
    rng = np.random.default_rng(1)
    for _ in range(20):
        vectors = kind(rng)
        assert_optimal(vectors, minimum_norm_weights(vectors @ vectors.T))


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_origin_in_the_hull_is_found(n):
    rng = np.random.default_rng(n)
    vectors = gradients(rng, n, n)
    vectors[-1] = -rng.uniform(0.1, 1, n - 1) @ vectors[:-1]
    alpha = minimum_norm_weights(vectors @ vectors.T)
    assert np.linalg.norm(alpha @ vectors) < 1e-7 * (alpha @ np.linalg.norm(vectors, axis=1))


@pytest.mark.parametrize("n", [2, 5])
def test_a_gradient_of_zero_is_the_shortest_vector(n):
    vectors = gradients(np.random.default_rng(0), n, 4)
    vectors[1] = 0
    np.testing.assert_array_equal(minimum_norm_weights(vectors @ vectors.T), np.eye(n)[1])
    assert minimum_norm_weights(np.zeros((n, n))).sum() == 1


@pytest.mark.parametrize(
    ("v11", "v12", "v22", "first"),
    [(2, -0.5, 1, 0.375), (1, 1.2, 2, 1), (2, 1.2, 1, 0), (1, 1, 1, 0.5), (1e8, -1, 1e-8, 1e-8)],
)
def test_two_have_a_closed_form(v11, v12, v22, first):
    alpha = minimum_norm_weights(np.array([[v11, v12], [v12, v22]], dtype=float))
    np.testing.assert_allclose(alpha, [first, 1 - first], rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize("scale", [1e-70, 1e70])
def test_the_length_of_all_gradients_does_not_matter(scale):
    vectors = gradients(np.random.default_rng(3), 5, 8)
    np.testing.assert_allclose(
        minimum_norm_weights(scale**2 * vectors @ vectors.T), minimum_norm_weights(vectors @ vectors.T), rtol=1e-6
    )


def test_a_single_vector_is_its_own_hull():
    np.testing.assert_array_equal(minimum_norm_weights(np.array([[4.0]])), [1])
