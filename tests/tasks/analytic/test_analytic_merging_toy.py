import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.tasks.analytic.simplex_quadratics import hypervolume_of_distances


def dominated_share(n_tasks, n=100_000):
    """Share of the box [0, 2]^T that the front dominates, by sampling: y with 1 - |s|^2 <= s.y for all s."""
    y = 2 * np.random.default_rng(0).random((n, n_tasks))
    # The tightest s of the simplex is the projection of -y/2, found by sorting.
    falling = -np.sort(y, axis=1) / 2
    sums = (np.cumsum(falling, axis=1) - 1) / np.arange(1, n_tasks + 1)
    support = (falling > sums).sum(axis=1) - 1
    s = np.maximum(-y / 2 - sums[np.arange(n), support][:, None], 0)
    return ((1 - (s**2).sum(axis=1)) <= (s * y).sum(axis=1)).mean()


@pytest.mark.parametrize("n_tasks", range(1, 9))
def test_the_exact_hypervolume_is_that_of_sampling(n_tasks):
    share = hypervolume_of_distances(n_tasks) / 2**n_tasks
    sigma = np.sqrt(share * (1 - share) / 100_000)
    assert dominated_share(n_tasks) == pytest.approx(share, abs=4 * sigma + 1e-12)


@pytest.mark.parametrize(("n_tasks", "tolerance"), [(1, 0), (2, 0.001), (3, 0.02), (4, 0.12)])
def test_the_sample_fills_the_limit_from_below(n_tasks, tolerance):
    problem = fr.load_problem("merging-toy", [f"e{t}" for t in range(1, n_tasks + 1)])
    found = fr.hypervolume(fr.Front(problem.pareto_front), problem.reference_point).value
    assert problem.hypervolume_limit * (1 - tolerance) <= found <= problem.hypervolume_limit


def test_two_tasks_have_ten_thirds():
    assert hypervolume_of_distances(2) == pytest.approx(10 / 3, rel=1e-15)


def test_a_subset_is_a_smaller_problem_of_its_own():
    problem = fr.load_problem("merging-toy", ["e7", "e2", "e5"])
    assert problem.tasks == ("e7", "e2", "e5")
    assert problem.model_parameters == 3
    assert problem.pareto_front.shape[1] == len(problem.reference_point) == 3
    assert problem.evaluate(problem.experts[0], "test").error.tolist() == [0, 2, 2]


def test_linear_scalarization_is_stationary_at_the_preference():
    problem = fr.load_problem("merging-toy")
    r = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(8))).requires_grad_()
    weighted = r.detach() @ problem.losses({"x": r}, None)
    assert torch.autograd.grad(weighted, r)[0].abs().max() < 1e-12


def test_interpolation_is_exactly_the_pareto_set():
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    grid = fr.simplex_grid(3, 7)
    front = fr.evaluate(problem, fr.make_learner("interpolation").fit(problem, grid, fr.Context()), grid)
    np.testing.assert_allclose(front.objectives, ((grid[:, None] - np.eye(3)) ** 2).sum(axis=2), atol=1e-6)


def test_a_dense_front_stays_moderate():
    assert 500 < len(fr.load_problem("merging-toy").pareto_front) <= 2000
