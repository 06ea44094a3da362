import numpy as np
import pytest

import frontrunner as fr
from frontrunner.metrics.hypervolume_gradient import fronts_gradient, hypervolume_gradient

GRID = fr.simplex_grid(3, 3)


def by_differences(points, reference, step=1e-6):
    gradient = np.zeros_like(points)
    for index in np.ndindex(points.shape):
        moved = [points.copy(), points.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        up, down = (fr.hypervolume(fr.Front(at), reference).value for at in moved)
        gradient[index] = (up - down) / (2 * step)
    return gradient


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_gradient_equals_finite_differences(n_tasks, seed):
    """Random points: some are dominated, some lie beyond the reference point."""
    points = np.random.default_rng(seed).random((7, n_tasks)) * 1.2
    reference = np.linspace(1.0, 1.1, n_tasks)
    found = hypervolume_gradient(points, reference)
    np.testing.assert_allclose(found, by_differences(points, reference), atol=1e-7)
    assert (found < 0).any()


@pytest.mark.parametrize("n_tasks", [2, 3, 4])
def test_gradient_of_a_full_front_equals_finite_differences(n_tasks):
    """On the sphere nothing is dominated, so every entry counts."""
    directions = np.abs(np.random.default_rng(0).standard_normal((9, n_tasks)))
    points = 1 - directions / np.linalg.norm(directions, axis=1, keepdims=True)
    reference = np.full(n_tasks, 1.05)
    found = hypervolume_gradient(points, reference)
    np.testing.assert_allclose(found, by_differences(points, reference), atol=1e-7)
    assert (found < 0).all()


def test_a_single_point_has_the_box_s_facets():
    found = hypervolume_gradient(np.array([[0.5, 0.2, 0.0]]), np.ones(3))
    np.testing.assert_allclose(found, [[-0.8 * 1.0, -0.5 * 1.0, -0.5 * 0.8]])


def test_dominated_points_follow_their_own_front():
    points = np.array([[0.1, 0.4], [0.5, 0.6], [0.4, 0.1], [0.6, 0.5]])
    found = fronts_gradient(points, np.ones(2))
    np.testing.assert_allclose(found[[0, 2]], hypervolume_gradient(points[[0, 2]], np.ones(2)))
    np.testing.assert_allclose(found[[1, 3]], hypervolume_gradient(points[[1, 3]], np.ones(2)))
    assert (hypervolume_gradient(points, np.ones(2))[[1, 3]] == 0).all()


def test_equal_points_all_move():
    found = fronts_gradient(np.full((4, 3), 0.5), np.ones(3))
    np.testing.assert_allclose(found, np.full((4, 3), -0.25))


def test_no_point_inside_has_no_gradient():
    assert (fronts_gradient(np.array([[2.0, 0.1], [0.1, 1.0]]), np.ones(2)) == 0).all()


def test_every_sample_moves_whatever_the_losses():
    learner = fr.make_learner("phn-hvi")
    rng = np.random.default_rng(0)
    for losses in (rng.random((8, 3)), np.full((8, 3), 2.0), rng.random((8, 3)) - 5, rng.random((1, 2))):
        weights = learner.volume_weights(losses)
        assert (weights >= 0).all()
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1)


def test_a_step_enlarges_the_volume_and_the_cosine_ties_answers_to_preferences(make_points):
    problem = make_points(steps=200, lr=0.02)
    pareto_set = fr.make_learner("phn-hvi", samples=5, penalty=4).fit(problem, GRID, fr.Context())
    losses = np.array([problem.evaluate(pareto_set.solve(preference), "test").loss for preference in GRID])
    start = fr.Front(np.ones((1, 3)))
    assert fr.hypervolume(fr.Front(losses), [2.2] * 3).value > fr.hypervolume(start, [2.2] * 3).value + 2
    for t in range(3):
        of_corner, elsewhere = losses[GRID[:, t] == 1, t], losses[GRID[:, t] < 1, t]
        assert of_corner.item() < elsewhere.min()
        assert losses[GRID[:, t] == 0.5, t].mean() < losses[GRID[:, t] == 0, t].mean()


def test_without_the_cosine_answers_are_tied_to_nothing(make_points):
    """All preferences are pulled alike, so the cosine is what tells them apart from the first step on."""
    problem = make_points(steps=1, lr=0.02)
    answers = {}
    for penalty in (0, 4):
        learner = fr.make_learner("phn-hvi", penalty=penalty, samples=4)
        pareto_set = learner.fit(problem, GRID, fr.Context())
        answers[penalty] = pareto_set.solve([1, 0, 0])["x"] - pareto_set.solve([0, 1, 0])["x"]
    assert answers[4][0] > answers[0][0]
    assert answers[4][1] < answers[0][1]


@pytest.mark.slow
def test_by_default_it_spreads_over_a_convex_front():
    problem, grid = fr.load_problem("convex-toy"), fr.simplex_grid(2, 11)
    front = fr.evaluate(problem, fr.make_learner("phn-hvi").fit(problem, grid, fr.Context()), grid)
    assert fr.hypervolume(front, problem.reference_point).value >= 0.955 * problem.hypervolume_limit


@pytest.mark.parametrize(
    ("losses", "ends"), [([0.5, 0.8], [2.0, 2.0]), ([3.0, 0.8], [3.3, 2.0]), ([0.0, -1.0], [2, 2])]
)
def test_the_volume_ends_at_the_reference_loss_or_beyond_the_largest(losses, ends):
    """A single answer's weights are the sides of its box, each loss has the other's."""
    sides = np.array(ends) - losses
    found = fr.make_learner("phn-hvi").volume_weights(np.array([losses]))
    np.testing.assert_allclose(found, [sides[::-1] / np.linalg.norm(sides)])
