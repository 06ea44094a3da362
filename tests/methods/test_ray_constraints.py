"""What PMGDA and FERERO promise, which keep the losses on the ray of 1 / r."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.scalarization import pmgda
from frontrunner.methods.scalarization.ferero import FereroScalarization, constrained_descent_weights
from frontrunner.methods.scalarization.minimum_norm import minimum_norm_weights
from frontrunner.methods.scalarization.pmgda import (
    PmgdaScalarization,
    correction_weights,
    distance_from_ray,
    prediction_weights,
)

SCALARIZATIONS = [PmgdaScalarization, FereroScalarization]
N_TASKS = [2, 3, 8]


def instance(n_tasks, seed):
    """Losses, a ray, gradients."""
    rng = np.random.default_rng(seed)
    lengths = 10 ** rng.uniform(-1, 1, size=(n_tasks, 1))
    rows = lengths * rng.normal(size=(n_tasks, 2 * n_tasks))
    return rng.uniform(0.1, 2, n_tasks), 1 / rng.dirichlet(np.ones(n_tasks)), rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_tasks", N_TASKS)
class TestProgrammes:
    def test_a_correction_keeps_its_share_of_the_steepest_decrease(self, n_tasks, seed):
        losses, ray, rows = instance(n_tasks, seed)
        _, slopes = distance_from_ray(losses, ray)
        direction = correction_weights(rows @ rows.T, slopes, 0.9) @ rows
        fall, steepest = slopes @ rows @ direction, np.linalg.norm(slopes @ rows)
        assert fall >= 0.9 * steepest * (1 - 1e-6)
        assert np.linalg.norm(direction) <= 1 + 1e-9

    def test_a_correction_raises_no_loss_as_much_as_the_steepest_one(self, n_tasks, seed):
        losses, ray, rows = instance(n_tasks, seed)
        _, slopes = distance_from_ray(losses, ray)
        steepest = slopes @ rows / np.linalg.norm(slopes @ rows)
        direction = correction_weights(rows @ rows.T, slopes, 0.9) @ rows
        assert (rows @ direction).min() > (rows @ steepest).min()

    def test_a_prediction_leaves_the_distance_and_lowers_every_loss(self, n_tasks, seed):
        losses, ray, rows = instance(n_tasks, seed)
        _, slopes = distance_from_ray(losses, ray)
        direction = prediction_weights(rows @ rows.T, slopes) @ rows
        size = np.linalg.norm(direction)
        assert abs(slopes @ rows @ direction) <= 1e-9 * size * np.linalg.norm(slopes @ rows)
        assert (rows @ direction >= size**2 * (1 - 1e-6) - 1e-12).all()

    def test_the_weights_of_ferero_are_optimal(self, n_tasks, seed):
        """Falls p = C w meet what the constraint asks for, and mu weighs the slowest losses only."""
        losses, ray, rows = instance(n_tasks, seed)
        unit = ray / np.linalg.norm(ray)
        weights = constrained_descent_weights(losses, ray, rows @ rows.T, rate=0.5)
        falls = rows @ (weights @ rows)
        excess = falls - 0.5 * losses
        np.testing.assert_allclose(excess - (excess @ unit) * unit, 0, atol=1e-5 * np.abs(falls).max())
        slowest = falls <= falls.min() + 1e-5 * np.abs(falls).max()
        # w = mu + B' nu, and B' nu is orthogonal to the ray: along it w is what mu is.
        assert unit[slowest].min() - 1e-9 <= weights @ unit <= unit[slowest].max() + 1e-9


@pytest.mark.parametrize("n_tasks", N_TASKS)
def test_pmgda_on_the_ray_is_mgda(n_tasks):
    _, _, rows = instance(n_tasks, 0)
    r = np.random.default_rng(0).dirichlet(np.ones(n_tasks)).clip(0.01)
    products = torch.tensor(rows @ rows.T)
    weights = PmgdaScalarization().weights(torch.tensor(1e-3 / r), r, products)
    slopes = distance_from_ray(1e-3 / r, 1 / r)[1]
    expected = prediction_weights(products.numpy(), slopes)
    np.testing.assert_allclose(weights, expected / np.abs(expected).sum(), rtol=1e-6)
    np.testing.assert_allclose(
        prediction_weights(products.numpy(), np.zeros(n_tasks)), minimum_norm_weights(products.numpy())
    )


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_the_absolute_weights_sum_to_one(make):
    losses, _, rows = instance(3, 1)
    weights = make().weights(torch.tensor(losses), np.array([0.2, 0.3, 0.5]), torch.tensor(rows @ rows.T))
    assert float(weights.abs().sum()) == pytest.approx(1)


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_off_the_ray_the_loss_that_is_too_large_counts(make):
    """At equal weights and orthogonal gradients the larger loss must fall faster."""
    weights = make().weights(torch.tensor([1.0, 0.1]).double(), np.array([0.5, 0.5]), torch.eye(2).double())
    assert weights[0] > weights[1]


@pytest.mark.parametrize("make", SCALARIZATIONS)
@pytest.mark.parametrize("products", [np.zeros((2, 2)), np.array([[1.0, -1], [-1, 1]]), np.diag([1.0, 0])])
def test_gradients_that_vanish_or_cancel_have_finite_weights(make, products):
    weights = make().weights(torch.tensor([1.0, 0.1]).double(), np.array([0.5, 0.5]), torch.tensor(products))
    assert weights.isfinite().all()


def test_pmgda_counts_corrections_and_programmes_without_a_solution(monkeypatch):
    search, r = PmgdaScalarization(), np.array([0.5, 0.5])
    search.weights(torch.tensor([1.0, 1.0]), r, torch.eye(2))
    search.weights(torch.tensor([1.0, 0.1]), r, torch.eye(2))
    assert search.diagnostics() == {"pmgda_correction_share": 0.5, "pmgda_unsolved": 0.0}
    monkeypatch.setattr(pmgda, "correction_weights", lambda *_: None)
    np.testing.assert_allclose(search.weights(torch.tensor([1.0, 0.1]), r, torch.eye(2)), r)
    again = PmgdaScalarization()
    again.load_state(search.state())
    assert again.diagnostics() == search.diagnostics()
    assert again.diagnostics()["pmgda_unsolved"] == 1


@pytest.mark.parametrize("make", SCALARIZATIONS)
def test_inner_products_that_are_not_finite_end_the_search(make):
    with pytest.raises(fr.DivergenceError, match="lower lr"):
        make().weights(torch.ones(2), np.array([0.5, 0.5]), torch.full((2, 2), float("nan")))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PmgdaScalarization(sigma=1.0),
        lambda: PmgdaScalarization(tolerance=0),
        lambda: FereroScalarization(constraint_rate=0),
        lambda: FereroScalarization(min_preference=0.5),
    ],
)
def test_options_of_a_constraint_have_bounds(wrong):
    with pytest.raises(fr.ConfigError):
        wrong()


@pytest.mark.parametrize("suite", ["convex-toy", "vlmop2"])
@pytest.mark.parametrize("method", ["pmgda", "ferero"])
def test_losses_end_on_the_ray_on_convex_and_concave_fronts(method, suite):
    problem, r = fr.load_problem(suite), np.array([[0.35, 0.65]])
    found = fr.make_learner(method, steps=400, lr=0.02).fit(problem, r, fr.Context())
    losses = problem.evaluate(found.solve(r[0]), "test").error
    assert np.linalg.norm(problem.pareto_front - losses, axis=1).min() < 0.03
    weighted = r[0] * losses
    assert weighted.max() / weighted.min() < 1.2
