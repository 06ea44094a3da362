"""What CAGrad, Nash-MTL, FairGrad and UPGrad promise of their directions, on gradients of all kinds of lengths."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import frontrunner as fr
from frontrunner.methods.scalarization import alpha_fairness, minimum_norm, upgrad
from frontrunner.methods.scalarization.alpha_fairness import FairgradScalarization, NashMtlScalarization, fair_weights
from frontrunner.methods.scalarization.cagrad import CagradScalarization, conflict_averse_weights
from frontrunner.methods.scalarization.upgrad import UpgradScalarization, unconflicting_weights

KINDS = [(2, 0), (2, 4), (3, 0), (3, 4), (8, 0), (8, 4)]
"""Numbers of tasks, and orders of magnitude over which the gradients' lengths lie."""
SCALARIZATIONS = [CagradScalarization, NashMtlScalarization, FairgradScalarization, UpgradScalarization]


def gradients(n_tasks, orders, seed):
    rng = np.random.default_rng(seed)
    lengths = 10 ** rng.uniform(-orders / 2, orders / 2, size=(n_tasks, 1))
    return lengths * rng.normal(size=(n_tasks, int(rng.integers(n_tasks, 3 * n_tasks))))


def cancelling(n_tasks, seed=0):
    """Gradients on the front: a combination of all with positive weights vanishes."""
    rows = gradients(n_tasks, 0, seed)
    rows[-1] = -np.random.default_rng(seed).uniform(0.2, 1, n_tasks - 1) @ rows[:-1]
    return rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
class TestOptimality:
    @pytest.mark.parametrize("c", [0.1, 0.5, 0.9])
    def test_the_direction_of_cagrad_has_no_duality_gap(self, kind, seed, c):
        """The smallest decrease in the ball equals the dual value at the weights (arXiv 2110.14048, equation 4)."""
        rows = gradients(*kind, seed)
        weights = conflict_averse_weights(rows @ rows.T, c)
        mean, direction = rows.mean(axis=0), weights @ rows
        radius = c * np.linalg.norm(mean)
        assert np.linalg.norm(direction - mean) == pytest.approx(radius, rel=1e-9)
        w = weights - 1 / len(rows)
        assert w.min() >= -1e-15
        worst = w / w.sum() @ rows
        dual = worst @ mean + radius * np.linalg.norm(worst)
        assert (rows @ direction).min() == pytest.approx(dual, abs=1e-9 * np.linalg.norm(worst) * np.linalg.norm(mean))

    @pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, 5.0])
    def test_fair_weights_solve_their_equation(self, kind, seed, alpha):
        rows = gradients(*kind, seed)
        weights = fair_weights(rows @ rows.T, alpha)
        np.testing.assert_allclose(rows @ (weights @ rows), weights ** (-1 / alpha), rtol=1e-5)

    def test_upgrad_conflicts_with_no_gradient(self, kind, seed):
        rows = gradients(*kind, seed)
        weights = unconflicting_weights(rows @ rows.T)
        lengths = np.linalg.norm(rows, axis=1)
        assert (rows @ (weights @ rows) >= -1e-13 * lengths * (weights @ lengths)).all()

    def test_upgrad_is_the_mean_of_projections_on_the_dual_cone(self, kind, seed):
        """A projection p of g conflicts with no gradient, and g - p is in the polar cone, orthogonal to p."""
        rows = gradients(*kind, seed)
        products = rows @ rows.T
        lengths = np.linalg.norm(rows, axis=1)
        total = np.zeros(rows.shape[1])
        for g in rows:
            # - (g - p) is a combination of gradients with weights that are not negative: the nearest such one to -g.
            cosines = products / lengths[:, None] / lengths
            scale = np.linalg.norm(g)

            def gap(z, cosines=cosines, toward=rows @ g / lengths / scale):
                return z @ cosines @ z / 2 + z @ toward, cosines @ z + toward

            start = np.maximum(-rows @ g / lengths / scale, 0)
            found = minimize(gap, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(rows), tol=1e-15)
            total += g + scale * (found.x / lengths) @ rows
        direction = unconflicting_weights(products) @ rows
        np.testing.assert_allclose(direction, total / len(rows), atol=1e-4 * lengths.max())


def test_nash_bargaining_has_a_direction_of_length_sqrt_t():
    for n_tasks in (2, 3, 8):
        rows = gradients(n_tasks, 2, 1)
        assert np.linalg.norm(fair_weights(rows @ rows.T, 1.0) @ rows) == pytest.approx(np.sqrt(n_tasks))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_fair_weights_of_orthogonal_gradients_have_a_closed_form(alpha):
    lengths = np.array([1e-3, 0.5, 20.0])
    expected = lengths ** (-2 * alpha / (alpha + 1))
    np.testing.assert_allclose(fair_weights(np.diag(lengths**2), alpha), expected, rtol=1e-8)


def test_gradients_without_conflict_are_averaged_by_upgrad():
    rows = np.array([[1.0, 0.2], [0.3, 2.0]])
    np.testing.assert_allclose(unconflicting_weights(rows @ rows.T), [0.5, 0.5])


def test_upgrad_of_two_in_conflict_projects_each_on_the_plane_normal_to_the_other():
    first, second = np.array([1.0, 0]), np.array([-1.0, 1.0])
    expected = (np.array([0.5, 0.5]) + np.array([0, 1.0])) / 2
    rows = np.stack([first, second])
    np.testing.assert_allclose(unconflicting_weights(rows @ rows.T) @ rows, expected, atol=1e-15)


def test_cagrad_without_a_radius_follows_the_mean():
    np.testing.assert_array_equal(conflict_averse_weights(np.diag([1.0, 4.0]), 0.0), [0.5, 0.5])


@pytest.mark.parametrize("make", SCALARIZATIONS)
@pytest.mark.parametrize("n_tasks", [2, 3, 8])
def test_gradients_that_cancel_have_a_finite_direction(make, n_tasks):
    rows = cancelling(n_tasks)
    _, direction = make().combined(torch.ones(n_tasks), torch.tensor(rows), np.full(n_tasks, 1 / n_tasks))
    assert direction.isfinite().all()
    assert direction.norm() <= n_tasks * np.linalg.norm(rows, axis=1).max()


def test_cagrad_stays_in_its_ball_where_gradients_cancel():
    rows = cancelling(3)
    mean = rows.mean(axis=0)
    reach = np.linalg.norm(conflict_averse_weights(rows @ rows.T, 0.5) @ rows - mean)
    assert reach <= 0.5 * np.linalg.norm(mean) * (1 + 1e-9)


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_a_gradient_of_zero_has_a_finite_direction(make):
    rows = gradients(3, 0, 4)
    rows[1] = 0
    products = torch.tensor(rows @ rows.T)
    weights = make().weights(torch.ones(3), np.full(3, 1 / 3), products)
    assert weights.isfinite().all()
    assert make().weights(torch.ones(3), np.full(3, 1 / 3), torch.zeros(3, 3)).isfinite().all()


def test_a_gradient_of_zero_leaves_the_weights_of_the_others():
    rows = gradients(3, 0, 4)
    rows[1] = 0
    two = np.delete(rows, 1, axis=0)
    upgrad_of_two, fair_of_two = unconflicting_weights(two @ two.T), fair_weights(two @ two.T, 2.0)
    np.testing.assert_allclose(unconflicting_weights(rows @ rows.T)[[0, 2]], upgrad_of_two * 2 / 3)
    np.testing.assert_allclose(fair_weights(rows @ rows.T, 2.0), [fair_of_two[0], 0, fair_of_two[1]])


@pytest.mark.parametrize("scale", [1e-10, 1e10])
@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_directions_do_not_depend_on_the_unit_of_all_losses(make, scale):
    rows = torch.tensor(gradients(3, 2, 3))
    even = np.full(3, 1 / 3)
    (_, one), (_, other) = (make().combined(torch.ones(3), each, even) for each in (rows, scale * rows))
    torch.testing.assert_close(one / one.norm(), other / other.norm(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_directions_are_permuted_with_the_tasks(make):
    rows, order = torch.tensor(gradients(4, 2, 5)), [2, 0, 3, 1]
    even = np.full(4, 1 / 4)
    products = rows @ rows.T
    weights = make().weights(torch.ones(4), even, products)
    permuted = make().weights(torch.ones(4), even, products[order][:, order])
    torch.testing.assert_close(permuted, weights[order], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "breaks"),
    [
        (CagradScalarization, (minimum_norm, "MAX_ITERATIONS", 1)),
        (NashMtlScalarization, (alpha_fairness, "MAX_STEPS", 1)),
        (FairgradScalarization, (alpha_fairness, "MAX_STEPS", 1)),
        (UpgradScalarization, (upgrad, "MAX_ITERATIONS", 1)),
    ],
)
def test_weights_that_are_not_found_are_counted_and_cost_no_fit(make, breaks, monkeypatch):
    rows = gradients(8, 2, 0)
    products, even = torch.tensor(rows @ rows.T), np.full(8, 1 / 8)
    search = make()
    assert not np.allclose(search.weights(torch.ones(8), even, products), 1 / 8)
    assert list(search.diagnostics().values()) == [0]
    monkeypatch.setattr(*breaks)
    np.testing.assert_allclose(search.weights(torch.ones(8), even, products), 1 / 8)
    again = make()
    again.load_state(search.state())
    assert again.diagnostics() == search.diagnostics()
    assert list(again.diagnostics().values()) == [1]


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_inner_products_that_are_not_finite_are_a_divergence(make):
    with pytest.raises(fr.DivergenceError, match="lower lr"):
        make().weights(torch.ones(2), np.array([0.5, 0.5]), torch.full((2, 2), float("inf")))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CagradScalarization(c=1.0),
        lambda: CagradScalarization(c=-0.1),
        lambda: FairgradScalarization(alpha=0),
        lambda: FairgradScalarization(alpha=11),
    ],
)
def test_options_out_of_bounds_are_refused(wrong):
    with pytest.raises(fr.ConfigError):
        wrong()


@pytest.mark.parametrize("method", ["cagrad", "nash-mtl", "fairgrad", "upgrad"])
def test_one_model_near_the_known_front_comes_of_it(method):
    """On squared distances to three corners every direction leads into their triangle, where all is optimal."""
    problem = fr.load_problem("convex-toy")
    found = fr.make_learner(method, steps=300, lr=0.03).fit(problem, fr.simplex_grid(2, 3), fr.Context())
    (_, _, params), *others = found.members(fr.simplex_grid(2, 3))
    assert not others
    losses = problem.evaluate(params, "test").error
    assert np.linalg.norm(problem.pareto_front - losses, axis=1).min() < 0.02
    assert problem.evaluate(problem.pretrained, "test").error.sum() > losses.sum()
