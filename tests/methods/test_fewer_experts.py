"""PWE MoE of fewer experts than tasks: every task is trained for, by coefficients of the first experts alone."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.whole_set.conditioned_set import ConditionedSet
from frontrunner.testing import tiny_problem

R = np.array([0.2, 0.3, 0.5])
BANKS = pytest.mark.parametrize("options", [{}, {"bank_dtype": "float32"}], ids=["task vectors", "as large models"])


def untrained(problem, n_experts, **options):
    learner = fr.make_learner("pwe-moe-ls", experts=n_experts, init_std=0.5, **options)
    return learner.untrained(problem, torch.Generator().manual_seed(0))


@BANKS
@pytest.mark.parametrize("n_experts", [1, 2, 3])
def test_an_answer_is_made_of_the_first_experts_alone(n_experts, options):
    problem = tiny_problem()
    routed = untrained(problem, n_experts, upscale="model", **options)
    (coefficients,) = routed.merge_coefficients(R).values()
    assert coefficients.shape == (3,)
    assert np.count_nonzero(coefficients) == n_experts
    assert (coefficients[n_experts:] == 0).all()
    solved = routed.solve(R)
    for name in problem.merged:
        start = problem.pretrained[name].double()
        vectors = [expert[name].double() - start for expert in problem.experts]
        expected = start + sum(c * vector for c, vector in zip(coefficients, vectors, strict=True))
        torch.testing.assert_close(solved[name].double(), expected, atol=1e-5, rtol=1e-5)


@BANKS
@pytest.mark.parametrize("depth", [1, 2])
def test_gradients_of_every_task_reach_the_routers(depth, options):
    problem = tiny_problem()
    routed = untrained(problem, 2, upscale="mlp", router_depth=depth, **options)
    batch = next(problem.batches("train", 4, torch.Generator().manual_seed(0)))
    losses, gradients = routed.task_gradients(R, batch)
    assert gradients.shape == (3, routed.trainable_parameters)
    assert (gradients.abs().sum(dim=1) > 0).all()
    expected = ConditionedSet.task_gradients(routed, R, batch)
    torch.testing.assert_close((losses, gradients), expected, atol=1e-5, rtol=1e-4)


def test_weights_without_a_router_are_merged_of_the_first_experts_too():
    problem = tiny_problem()
    solved = untrained(problem, 1, upscale="mlp", init_lambda=0.4).solve(R)
    expected = problem.pretrained["scale"] + 0.4 * (problem.experts[0]["scale"] - problem.pretrained["scale"])
    torch.testing.assert_close(solved["scale"], expected)


def test_what_is_trained_and_kept_shrinks():
    problem = tiny_problem()
    sizes = {}
    for n_experts in (1, 2, None):
        routed = untrained(problem, n_experts, upscale="model")
        sizes[n_experts] = (routed.trainable_parameters, routed.total_parameters - routed.trainable_parameters)
    n_weights = problem.model_parameters
    upscaled = sum(problem.pretrained[name].numel() for name in problem.merged)
    t, hidden = 3, 6
    assert sizes == {
        n: (hidden * t + hidden + e * hidden + e, n_weights + e * upscaled) for n, e in ((1, 1), (2, 2), (None, 3))
    }


@pytest.mark.parametrize("method", ["pwe-moe-ls", "pwe-moe-epo"])
def test_a_fit_lowers_the_loss_of_a_task_without_an_expert_and_can_be_restored(method):
    problem = tiny_problem(steps=60)
    learner = fr.make_learner(method, experts=2, upscale="all", lr=0.03)
    grid = np.eye(3)
    found = learner.fit(problem, grid, fr.Context())
    before = problem.evaluate(untrained(problem, 2, upscale="all").solve(grid[2]), "train").loss[2]
    assert problem.evaluate(found.solve(grid[2]), "train").loss[2] < before
    restored = learner.restore(problem, found.state(), grid, fr.Context())
    assert all(torch.equal(restored.solve(R)[name], tensor) for name, tensor in found.solve(R).items())


@pytest.mark.parametrize(("value", "message"), [(4, "experts may be 3 at most"), (0, "experts"), ("two", "experts")])
def test_as_many_experts_as_are_not_there_are_refused(value, message):
    with pytest.raises(fr.ConfigError, match=message):
        fr.make_learner("pwe-moe-ls", experts=value).check(tiny_problem())
