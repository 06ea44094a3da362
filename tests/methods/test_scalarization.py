import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.scalarization import LinearScalarization, SmoothTchebycheff, epo, minimum_norm
from frontrunner.methods.scalarization.epo import EpoScalarization, solve_epo
from frontrunner.methods.scalarization.gramian import (
    ImtlGScalarization,
    MgdaScalarization,
    equal_projection_weights,
)
from frontrunner.methods.scalarization.hypervolume import HypervolumeMixed
from frontrunner.methods.scalarization.inner_products import inner_products
from frontrunner.methods.scalarization.pmtl import PmtlScalarization, cone_axes

# (preference, losses, C, mode, mu, alpha): solved by the reference solver of EPO search (cvxpy with GLPK).
GOLDEN = [
    ([0.8, 0.2], [1, 1], [[2, -0.5], [-0.5, 1]], "balance", 0.192745, [0.888474, 0.111526]),
    ([0.3, 0.7], [0.5, 1.5], [[1, 0.8], [0.8, 2]], "balance", 0.316377, [0, 1]),
    ([0.25, 0.75], [3, 1], [[1, 0.2], [0.2, 4]], "descend", 0, [0, 1]),
    ([1 / 3] * 3, [0.7] * 3, [[3, 0.5, -0.4], [0.5, 2, 0.1], [-0.4, 0.1, 1]], "descend", 0, [0.2, 0.8, 0]),
]


def instance(rng, n_tasks, rank=None):
    gradients = rng.normal(size=(n_tasks, rank or 2 * n_tasks))
    return rng.uniform(0.05, 2, n_tasks), rng.dirichlet(np.ones(n_tasks)), gradients @ gradients.T


@pytest.mark.parametrize(("preference", "losses", "gramian", "mode", "mu", "alpha"), GOLDEN)
def test_epo_solves_as_the_reference_solver(preference, losses, gramian, mode, mu, alpha):
    step = solve_epo(np.array(losses, float), np.array(preference), np.array(gramian, float))
    assert step.mode == mode
    assert step.non_uniformity == pytest.approx(mu, abs=1e-6)
    np.testing.assert_allclose(step.alpha, alpha, atol=1e-6)


def test_epo_for_two_tasks_in_closed_form_equals_the_linear_programme(monkeypatch):
    rng = np.random.default_rng(0)
    instances = [instance(rng, 2) for _ in range(300)]
    # On the ray, so that the other mode is met too.
    instances += [(1 / r * rng.uniform(0.5, 1), r, c) for _, r, c in (instance(rng, 2) for _ in range(100))]
    closed = [solve_epo(*each) for each in instances]
    monkeypatch.setattr(epo, "_maximise_on_segment", epo._linear_programme)
    for each, step, given in zip(instances, closed, (solve_epo(*each) for each in instances), strict=True):
        assert step.mode == given.mode
        np.testing.assert_allclose(step.alpha, given.alpha, atol=1e-7, err_msg=str(each))
    assert {step.mode for step in closed} == {"balance", "descend"}


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
@pytest.mark.parametrize("orders", [0, 4])
def test_epo_keeps_its_promise(n_tasks, orders):
    """Balancing never raises the largest weighted loss; descending raises no loss, not even that of short gradients."""
    rng = np.random.default_rng(1)
    for k in range(40):
        losses, r, gramian = instance(rng, n_tasks)
        lengths = 10 ** rng.uniform(-orders / 2, orders / 2, n_tasks)
        gramian = lengths[:, None] * gramian * lengths
        if k % 2:
            losses = rng.uniform(0.5, 1) / r
        step = solve_epo(losses, r, gramian)
        change = gramian @ step.alpha  # how fast each loss falls
        assert step.alpha.min() >= -1e-9
        assert step.alpha.sum() == pytest.approx(1)
        change /= np.abs(gramian).max(axis=1)
        assert change[(r * losses).argmax()] >= -1e-9
        if step.mode == "descend":
            assert change.min() >= -1e-9


def test_epo_on_the_front_with_cancelling_gradients_has_an_answer():
    """Float32 rounding can leave no exactly feasible point where gradients cancel."""
    gramian = np.array([[0.27176636473, -0.52131218227], [-0.52131218227, 1.0]])
    step = solve_epo(np.array([0.97301322, 0.00982511]), np.array([0.01, 0.99]), gramian)
    np.testing.assert_allclose(step.alpha, [0.6573, 0.3427], atol=1e-3)


def test_epo_raises_zero_preferences_and_counts_it():
    search = EpoScalarization(min_preference=0.01)
    eye, losses = torch.eye(3), torch.tensor([0.5, 1.0, 2.0])
    raised = search.weights(losses, np.array([1.0, 0, 0]), eye)
    r = np.array([1, 0.01, 0.01]) / 1.02
    np.testing.assert_allclose(raised, 3 * solve_epo(losses.double().numpy(), r, np.eye(3)).alpha, atol=1e-6)
    search.weights(losses, np.array([0.2, 0.3, 0.5]), eye)
    assert search.diagnostics()["epo_raised_preferences"] == 1


def test_epo_falls_back_to_linear_scalarization_and_counts_it(monkeypatch):
    search = EpoScalarization()
    r = np.array([0.2, 0.3, 0.5])
    for losses in (torch.tensor([-1.0, 1, 1]), torch.zeros(3), torch.tensor([float("nan"), 1, 1])):
        torch.testing.assert_close(search.weights(losses, r, torch.eye(3)), torch.tensor(3 * r).float())
    assert search.diagnostics()["epo_unusable_losses"] == 3
    monkeypatch.setattr(epo, "_linear_programme", lambda *_: None)
    torch.testing.assert_close(search.weights(torch.ones(3), r, torch.eye(3)), torch.tensor(3 * r).float())
    assert search.diagnostics()["epo_unsolved"] == 1
    again = EpoScalarization()
    again.load_state(search.state())
    assert again.diagnostics() == search.diagnostics()


def test_epo_does_not_depend_on_the_length_of_gradients():
    losses, r, gramian = instance(np.random.default_rng(2), 3)
    expected, *others = (
        EpoScalarization().weights(torch.tensor(losses), r, torch.tensor(scale * gramian)) for scale in (1.0, 1e-8, 1e8)
    )
    for other in others:
        torch.testing.assert_close(other, expected)


def test_linear_is_the_preference():
    r = np.array([0.2, 0.8])
    assert LinearScalarization().weights(torch.tensor([5.0, 1.0]), r, None).tolist() == pytest.approx(r)


def test_smooth_tchebycheff_weights_are_the_gradient_of_its_formula():
    losses, r, mu = torch.tensor([0.5, 1.5, 0.9], dtype=torch.float64, requires_grad=True), [0.2, 0.3, 0.5], 0.1
    scalarized = mu * torch.logsumexp(torch.tensor(r, dtype=torch.float64) * losses / mu, dim=0)
    (expected,) = torch.autograd.grad(scalarized, losses)
    torch.testing.assert_close(SmoothTchebycheff(mu=mu).weights(losses.detach(), np.array(r), None), expected)


def test_smooth_tchebycheff_with_little_smoothing_follows_the_largest_weighted_loss():
    weights = SmoothTchebycheff(mu=1e-3).weights(torch.tensor([1.0, 1.0, 1.2]), np.array([0.5, 0.3, 0.2]), None)
    np.testing.assert_allclose(weights, [0.5, 0, 0], atol=1e-6)


def badly_scaled(n_tasks, dtype, seed=0):
    """Gradients whose lengths lie over four orders of magnitude."""
    directions = torch.randn(n_tasks, 2 * n_tasks, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (directions * torch.logspace(-2, 2, n_tasks, dtype=torch.float64)[:, None]).to(dtype)


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
def test_mgda_follows_a_direction_that_lowers_every_loss_equally_or_more(n_tasks):
    """The optimality of the shortest vector d: every gradient's product with it is |d|^2 or more."""
    gradients = badly_scaled(n_tasks, torch.float32)
    _, direction = MgdaScalarization().combined(torch.ones(n_tasks), gradients, np.ones(n_tasks) / n_tasks)
    direction, gradients = direction.double(), gradients.double()
    assert direction.dtype == torch.float64
    rounding = 1e-6 * direction.norm() * gradients.norm(dim=1)
    assert (gradients @ direction >= direction @ direction - rounding).all()
    assert direction.norm() <= 1.000001 * gradients.norm(dim=1).min()


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
@pytest.mark.parametrize("scale", [1e-12, 1, 1e12])
def test_imtl_g_projects_equally_on_normalised_gradients(n_tasks, scale):
    gradients = badly_scaled(n_tasks, torch.float64) * scale
    weights = equal_projection_weights((gradients @ gradients.T).numpy())
    projections = (gradients / gradients.norm(dim=1, keepdim=True)) @ (torch.from_numpy(weights) @ gradients)
    assert weights.sum() == pytest.approx(1)
    torch.testing.assert_close(projections, projections.mean().expand(n_tasks))


@pytest.mark.parametrize("ratio", [1, 1e-3, 1e5])
def test_imtl_g_for_two_tasks_weighs_by_the_inverse_length(ratio):
    first, second = torch.tensor([[1.0, 0.2], [-0.9, 1.0]], dtype=torch.float64)
    gradients = torch.stack([first / first.norm(), ratio * second / second.norm()])
    _, direction = ImtlGScalarization().combined(torch.ones(2), gradients, np.array([0.5, 0.5]))
    bisector = (gradients / gradients.norm(dim=1, keepdim=True)).sum(dim=0)
    torch.testing.assert_close(direction, bisector * ratio / (1 + ratio))


def test_imtl_g_of_gradients_that_depend_on_each_other():
    """Two equal ones share a weight, opposite ones cancel, and one of length 0 has no direction to project on."""
    first, second = np.array([2.0, 0]), np.array([0, 1.0])
    for rows, expected in (
        ([first, first, second], [1 / 6, 1 / 6, 2 / 3]),
        ([first, 0 * first, second], [1 / 3, 0, 2 / 3]),
        ([first, -first], [0, 0]),
        ([0 * first, 0 * first], [0, 0]),
    ):
        gradients = np.array(rows)
        np.testing.assert_allclose(equal_projection_weights(gradients @ gradients.T), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_inner_products_are_not_rounded_to_the_gradients_precision(dtype):
    gradients = badly_scaled(3, dtype).repeat(1, 30_000)  # in more than one piece
    exact = gradients.double() @ gradients.double().T
    assert inner_products(gradients).dtype == torch.float64
    torch.testing.assert_close(inner_products(gradients), exact, rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize(
    "scalarization", [MgdaScalarization, ImtlGScalarization, EpoScalarization, lambda: pmtl(own=1)]
)
def test_directions_have_the_gradients_precision_single_at_least(scalarization, dtype):
    gradients = badly_scaled(2, dtype)
    loss, direction = scalarization().combined(torch.ones(2, dtype=dtype), gradients, np.array([0.5, 0.5]))
    assert loss.dtype == direction.dtype == torch.promote_types(dtype, torch.float32)
    assert direction.isfinite().all()


def pmtl(own, warm_up_steps=10):
    axes = np.array([[0.1, 1.0], [1.0, 1.0], [1.0, 0.1]])
    return PmtlScalarization(axes / np.linalg.norm(axes, axis=1, keepdims=True), own, warm_up_steps=warm_up_steps)


def test_pmtl_in_its_cone_is_mgda():
    gramian = torch.tensor([[2, -0.5], [-0.5, 1]]).double()
    weights = pmtl(own=1).weights(torch.tensor([0.5, 0.5]).double(), np.array([0.5, 0.5]), gramian)
    np.testing.assert_allclose(weights, 2 * np.array([0.375, 0.625]), rtol=1e-12)


def test_pmtl_outside_its_cone_heads_for_it_first():
    """Losses (0.2, 1) belong to the axis (0.1, 1); for the axis (1, 0.1) the second must fall, the first may rise."""
    search = pmtl(own=2, warm_up_steps=1)
    losses, r = torch.tensor([0.2, 1.0]).double(), np.array([0.1, 0.9])
    weights = search.weights(losses, r, torch.eye(2).double())
    assert weights[0] < 0 < weights[1]
    search.weights(losses, r, torch.eye(2).double())  # still outside, but the warm-up is over: tasks count again
    assert search.diagnostics() == {"pmtl_violated_share": 1.0, "pmtl_warm_up_steps": 1.0, "pmtl_unsolved": 0.0}


AXES = np.array([[1.0, 0.1, 0.1], [0.1, 1.0, 0.1], [0.1, 0.1, 1.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("make", "count", "expected"),
    [
        (MgdaScalarization, "mgda_unsolved", [1 / 3] * 3),
        (lambda: PmtlScalarization(AXES, 3, warm_up_steps=0), "pmtl_unsolved", [1.0] * 3),
    ],
)
def test_a_shortest_vector_that_is_not_found_is_counted_and_costs_no_fit(make, count, expected, monkeypatch):
    """Losses in the own cone, whose gradients the active set method takes several iterations for."""
    gradients = torch.eye(3).double()
    losses, preference = torch.ones(3).double(), np.ones(3) / 3
    search = make()
    right = search.weights(losses, preference, gradients @ torch.diag(torch.tensor([1.0, 2, 3]).double()))
    assert search.diagnostics()[count] == 0
    monkeypatch.setattr(minimum_norm, "MAX_ITERATIONS", 1)
    found = search.weights(losses, preference, gradients @ torch.diag(torch.tensor([1.0, 2, 3]).double()))
    np.testing.assert_allclose(found, expected)
    assert not torch.allclose(found, right)
    again = make()
    again.load_state({name: value for name, value in search.state().items() if name != "unsolved"})
    assert again.diagnostics()[count] == 0  # checkpoints of earlier versions have no such count
    again.load_state(search.state())
    assert again.diagnostics()[count] == search.diagnostics()[count] == 1


def test_pmtl_takes_up_the_descent_as_a_new_phase():
    search, r = pmtl(own=2, warm_up_steps=1), np.array([0.1, 0.9])
    assert search.phase == 0
    for expected in (0, 1, 1):
        search.weights(torch.tensor([0.2, 1.0]).double(), r, torch.eye(2).double())
        assert search.phase == expected
    again = pmtl(own=2, warm_up_steps=1)
    again.load_state(search.state())
    assert again.phase == 1


def test_cones_of_two_tasks_lie_around_losses_that_a_preference_weighs_equally():
    r = np.clip(fr.simplex_grid(2, 8), 0.01, 0.99)
    np.testing.assert_allclose(r * cone_axes(r, 0.01) / (r * cone_axes(r, 0.01))[:, :1], 1)


@pytest.mark.parametrize(("n_tasks", "points", "degrees"), [(3, 5, 12), (4, 4, 10), (8, 3, 3)])
def test_cones_of_more_tasks_are_spread(n_tasks, points, degrees):
    axes = cone_axes(fr.simplex_grid(n_tasks, points), 0.01)
    cosines = (axes @ axes.T)[np.triu_indices(len(axes), 1)]
    assert np.degrees(np.arccos(cosines.max())) > degrees
    best = fr.simplex_grid(n_tasks, points).argmax(axis=1)
    assert (axes[np.arange(len(axes)), best] == axes.min(axis=1)).all()  # the weightier, the smaller its loss


def test_pmtl_with_two_preferences_on_one_axis_still_descends():
    axes = np.array([[0.6, 0.8], [0.6, 0.8], [0.8, 0.6]])
    weights = PmtlScalarization(axes, 0, warm_up_steps=0).weights(
        torch.tensor([0.6, 0.8]), np.array([0.5, 0.5]), torch.eye(2)
    )
    assert (weights > 0.1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: SmoothTchebycheff(mu=0),
        lambda: EpoScalarization(min_preference=0),
        lambda: EpoScalarization(min_preference=0.5),
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(fr.ConfigError):
        wrong()


def test_hypervolume_mixed_is_linear_until_all_of_the_lattice_has_been_met():
    mixed, r = HypervolumeMixed(2, hypervolume_share=0.5), np.array([0.25, 0.75])
    assert mixed.weights(torch.tensor([1.0, 1.0]), r, None).tolist() == pytest.approx(r)


def test_hypervolume_mixed_adds_the_direction_in_which_the_volume_grows():
    """On the front (t^2, (1 - t)^2), each point's share of the volume's gradient is that of finite differences."""
    mixed = HypervolumeMixed(2, hypervolume_share=0.5)
    ts = np.linspace(0, 1, 13)
    points = np.stack([ts**2, (1 - ts) ** 2], axis=1)
    for t, point in zip(ts, points, strict=True):
        weights = mixed.weights(torch.tensor(point), np.array([1 - t, t]), None)
    own, reference = 5, np.array([1.1, 1.1])
    r = np.array([1 - ts[own], ts[own]])
    weights = mixed.weights(torch.tensor(points[own]), r, None).numpy()
    gains = []
    for j in range(2):
        moved = points.copy()
        moved[own, j] -= 1e-6
        gains.append(fr.hypervolume(fr.Front(moved), reference).value)
    gains = np.array(gains) - fr.hypervolume(fr.Front(points), reference).value
    np.testing.assert_allclose(weights, (r + gains / gains.sum()) / 2, atol=1e-4)
    assert mixed.diagnostics()["hypervolume_steps_share"] == 12 / 14  # from the third point on
    again = HypervolumeMixed(2, hypervolume_share=0.5)
    again.load_state(mixed.state())
    np.testing.assert_allclose(again.weights(torch.tensor(points[own]), r, None), weights)


@pytest.mark.parametrize("scalarization", [MgdaScalarization, ImtlGScalarization, lambda: pmtl(own=0)])
def test_gradients_that_are_not_finite_are_a_divergence(scalarization):
    with pytest.raises(fr.DivergenceError):
        scalarization().weights(torch.ones(2), np.array([0.5, 0.5]), torch.full((2, 2), float("nan")))
