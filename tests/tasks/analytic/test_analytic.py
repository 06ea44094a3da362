"""What every suite with a known front must do: the front is attained, not beaten, and its volume is the limit."""

import math

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.tasks.analytic.unit_box import from_unit_box


def on_angles(front):
    angles = np.column_stack([np.arcsin(front[:, 2].clip(0, 1)), np.arctan2(front[:, 1], front[:, 0])])
    return np.column_stack([from_unit_box(angles * (2 / math.pi)), np.full((len(front), 10), 0.5)])


def in_first_coordinate(front):
    return np.column_stack([from_unit_box(front[:, 0]), np.zeros((len(front), 29))])


PARETO_SET = {
    "convex-toy": lambda front: np.sqrt(front[:, :1]),
    "vlmop2": lambda front: np.outer(np.sqrt(-np.log1p(-front[:, 1])) - 1, np.full(20, 1 / math.sqrt(20))),
    "merging-toy": lambda front: (front.mean(axis=1, keepdims=True) - front) / 2 + 1 / front.shape[1],
    "zdt1": in_first_coordinate,
    "zdt2": in_first_coordinate,
    "zdt3": in_first_coordinate,
    "dtlz2": on_angles,
}
"""Name -> a vector for every point of the front, from the point's objectives."""


@pytest.fixture(params=PARETO_SET, scope="module")
def problem(request):
    return fr.load_problem(request.param)


@pytest.fixture(params=[*PARETO_SET, "linear-net"], scope="module")
def any_problem(request):
    return fr.load_problem(request.param)


def params(problem, x):
    return {"x": torch.as_tensor(x, dtype=torch.float64)}


def values(problem, x):
    return problem.evaluate(params(problem, x), "test").error


def some_points(problem, n=5, seed=0):
    return 2 * torch.rand(n, len(problem.pretrained["x"]), generator=torch.Generator().manual_seed(seed)).double() - 0.5


def test_the_front_is_attained(problem):
    some = problem.pareto_front[:: max(1, len(problem.pareto_front) // 100)]
    attained = np.stack([values(problem, x) for x in PARETO_SET[problem.name](some)])
    np.testing.assert_allclose(attained, some, atol=1e-9)


def test_no_point_of_the_front_dominates_another(any_problem):
    front = fr.Front(any_problem.pareto_front)
    assert front.non_dominated().n_points == front.n_points


def test_random_points_do_not_beat_the_front(problem):
    front = fr.Front(problem.pareto_front)
    for x in some_points(problem, n=50):
        assert not (values(problem, x) < front.objectives - 1e-9).all(axis=1).any()


def test_experts_minimise_their_objective_and_lie_on_the_front(any_problem):
    for t, expert in enumerate(any_problem.experts):
        found = any_problem.evaluate(expert, "test").error
        assert found[t] == pytest.approx(any_problem.pareto_front[:, t].min(), abs=1e-6)
        # As near as the sample is dense: 61 steps along an edge where there are three objectives.
        assert np.abs(any_problem.pareto_front - found).max(axis=1).min() < 0.02


def test_the_pretrained_model_is_dominated_and_not_stationary(any_problem):
    at_start = any_problem.evaluate(any_problem.pretrained, "val").error
    mean = {
        name: torch.stack([expert[name] for expert in any_problem.experts]).mean(dim=0)
        for name in any_problem.pretrained
    }
    # With eight tasks the sample is too coarse to hold the middle of the front.
    some = np.vstack([any_problem.pareto_front, any_problem.evaluate(mean, "val").error])
    assert (some < at_start).all(axis=1).any()
    free = {name: w.clone().requires_grad_() for name, w in any_problem.pretrained.items()}
    batch = next(any_problem.batches("train", 32, torch.Generator().manual_seed(0)))
    for loss in any_problem.losses(free, batch):
        gradients = torch.autograd.grad(loss, list(free.values()), retain_graph=True)
        assert sum(float(g.square().sum()) for g in gradients) > 1e-3


def test_gradients_are_those_of_finite_differences(problem):
    ends = [p["x"].double() for p in (problem.pretrained, *problem.experts)]
    for x in [*ends, *some_points(problem)]:
        assert torch.autograd.gradcheck(lambda x: problem.losses({"x": x}, None), x.requires_grad_(), eps=1e-7)


def test_gradients_of_float32_weights_are_finite(problem):
    for weights in (problem.pretrained, *problem.experts):
        x = weights["x"].clone().requires_grad_()
        assert x.dtype == torch.float32
        for t in range(problem.n_tasks):
            assert torch.autograd.grad(problem.task_loss(t, {"x": x}, None), x)[0].isfinite().all()


def test_losses_one_by_one_and_evaluated_agree(any_problem):
    batch = next(any_problem.batches("val", 240, torch.Generator().manual_seed(0)))
    for weights in (any_problem.pretrained, any_problem.experts[-1]):
        together = any_problem.losses(weights, batch)
        alone = [any_problem.task_loss(t, weights, batch) for t in range(any_problem.n_tasks)]
        torch.testing.assert_close(together, torch.stack(alone))
        for split in ("train", "val", "test"):
            found = any_problem.evaluate(weights, split)
            np.testing.assert_allclose(found.error, together.double(), rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(found.error, found.loss)


@pytest.mark.parametrize("name", ["convex-toy", "vlmop2", "zdt1", "zdt2", "zdt3", "dtlz2", "linear-net"])
def test_the_sample_fills_the_hypervolume_limit_from_below(name):
    problem = fr.load_problem(name)
    found = fr.hypervolume(fr.Front(problem.pareto_front), problem.reference_point).value
    tolerance = 0.002 if problem.n_tasks == 2 else 0.02
    assert problem.hypervolume_limit * (1 - tolerance) < found < problem.hypervolume_limit


@pytest.mark.parametrize("name", ["convex-toy", "vlmop2", "zdt1", "zdt2"])
def test_the_limit_is_the_integral_along_the_front(name):
    problem = fr.load_problem(name)
    (f1, f2), (r1, r2) = problem.pareto_front.T, problem.reference_point
    integral = np.trapezoid(r2 - f2, f1) + (r1 - f1.max()) * (r2 - f2.min())
    assert problem.hypervolume_limit == pytest.approx(integral, abs=3e-6)


def test_objectives_come_in_the_order_that_was_asked_for():
    one, other = fr.load_problem("dtlz2"), fr.load_problem("dtlz2", ["f3", "f1", "f2"])
    x = some_points(one)[0]
    np.testing.assert_array_equal(values(other, x), values(one, x)[[2, 0, 1]])
    for t, expert in enumerate(other.experts):
        assert other.evaluate(expert, "test").error[t] < 1e-6


@pytest.mark.parametrize("name", ["convex-toy", "vlmop2", "zdt1", "zdt2", "zdt3", "dtlz2"])
def test_a_classical_problem_keeps_all_its_objectives(name):
    with pytest.raises(fr.ConfigError, match=r"expected all objectives of .* found f1"):
        fr.load_problem(name, ["f1"])


def test_an_unknown_split_names_the_nearest(any_problem):
    with pytest.raises(fr.UnknownNameError, match="did you mean 'test'"):
        any_problem.evaluate(any_problem.pretrained, "tset")
    with pytest.raises(fr.UnknownNameError, match="did you mean 'train'"):
        any_problem.batches("trian", 1, torch.Generator())


@pytest.mark.parametrize("name", ["zdt1", "zdt2", "zdt3", "dtlz2"])
def test_objectives_are_those_of_pymoo(name):
    from pymoo.problems import get_problem

    ours = fr.load_problem(name)
    theirs = get_problem(name, n_var=12, n_obj=3) if name == "dtlz2" else get_problem(name)
    x = np.random.default_rng(0).random((20, theirs.n_var))
    found = np.stack([values(ours, u) for u in from_unit_box(x)])
    np.testing.assert_allclose(found, theirs.evaluate(x), atol=1e-9)


@pytest.mark.parametrize("name", ["zdt1", "zdt2", "zdt3"])
def test_fronts_are_those_of_pymoo(name):
    from pymoo.problems import get_problem

    front, theirs = fr.load_problem(name).pareto_front, get_problem(name).pareto_front()
    apart = np.abs(front[:, None] - theirs[None]).max(axis=2)
    assert apart.min(axis=0).max() < 0.005  # theirs from ours, which is denser
    assert apart.min(axis=1).max() < 0.06


def test_vlmop2_is_concave_in_its_middle():
    f1, f2 = fr.load_problem("vlmop2").pareto_front.T
    s = np.linspace(1, -1, len(f1))[1:-1]
    bends = np.diff(np.diff(f2) / np.diff(f1))  # falling slopes: concave
    assert (bends[np.abs(s) < 0.70] < 0).all()
    assert (bends[np.abs(s) > 0.72] > 0).all()
    # The middle lies above the chord of the ends, so linear scalarization prefers an end.
    assert (f1 + f2)[len(f1) // 2] > max(f1[0] + f2[0], f1[-1] + f2[-1]) + 0.2


@pytest.mark.parametrize("n", [2, 3, 7])
def test_vlmop2_in_other_dimensions_has_the_same_front(n):
    from frontrunner.tasks.analytic.vlmop2 import Vlmop2

    suite = Vlmop2(n=n)
    problem = suite.prepare(suite.tasks, device=torch.device("cpu"), seed=0, progress=fr.tasks.silent)
    assert problem.model_parameters == n
    assert values(problem, problem.experts[0]["x"]) == pytest.approx([0, -math.expm1(-4)], abs=1e-6)
    assert values(problem, problem.pretrained["x"]) == pytest.approx([-math.expm1(-1.25)] * 2)


def test_vlmop2_refuses_one_dimension():
    from frontrunner.tasks.analytic.vlmop2 import Vlmop2

    with pytest.raises(fr.ConfigError, match="2 or more, found 1"):
        Vlmop2(n=1)


@pytest.mark.parametrize("scalarization", ["ls", "epo"])
def test_merging_methods_train_on_a_vector(problem, scalarization):
    learner = fr.make_learner(f"pwe-moe-{scalarization}", upscale="model", steps=3)
    grid = np.eye(problem.n_tasks)
    front = fr.evaluate(problem, learner.fit(problem, grid, fr.Context()), grid)
    assert front.objectives.shape == (problem.n_tasks, problem.n_tasks)


def test_the_budget_brings_gradient_descent_to_the_optimum():
    problem = fr.load_problem("convex-toy")
    preference = np.array([[0.25, 0.75]])
    pareto_set = fr.make_learner("ls").fit(problem, preference, fr.Context())
    assert float(pareto_set.solve(preference[0])["x"]) == pytest.approx(0.75, abs=1e-3)
