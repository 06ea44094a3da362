import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.tasks.analytic.linear_net import EXAMPLES, HIDDEN, INPUTS, NOISE_POWER


@pytest.fixture(scope="module")
def problem():
    return fr.load_problem("linear-net")


def maps(problem, split="train"):
    """(T, outputs, inputs) the least-squares solutions; the inputs' covariance is I."""
    return np.stack(
        [
            (of_task[split].labels.double().T @ of_task[split].inputs.double() / EXAMPLES).numpy()
            for of_task in problem.data
        ]
    )


def factors(product):
    u, s, vh = np.linalg.svd(product, full_matrices=False)
    first, second = np.zeros((HIDDEN, INPUTS)), np.zeros((len(product), HIDDEN))
    first[: len(s)], second[:, : len(s)] = np.sqrt(s)[:, None] * vh, u * np.sqrt(s)
    return {"mlp.0.weight": torch.tensor(first).float(), "mlp.1.weight": torch.tensor(second).float()}


def test_inputs_are_standardised_and_the_same_for_all(problem):
    first = problem.data[0]["train"].inputs.double()
    assert first.mean(dim=0).abs().max() < 1e-6
    torch.testing.assert_close(first.T @ first / EXAMPLES, torch.eye(INPUTS).double(), atol=1e-6, rtol=0)
    assert all(torch.equal(first, e.inputs.double()) for of_task in problem.data for e in of_task.values())


def test_splits_differ_in_their_noise_only(problem):
    train, test = (problem.data[0][split] for split in ("train", "test"))
    assert (train.labels - test.labels).abs().max() > 0.1
    np.testing.assert_allclose(maps(problem), maps(problem, "test"), atol=1e-6)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_risk_is_the_distance_of_the_product(problem, split):
    generator = torch.Generator().manual_seed(1)
    weights = {name: torch.randn(w.shape, generator=generator) * 0.3 for name, w in problem.pretrained.items()}
    product = (weights["mlp.1.weight"] @ weights["mlp.0.weight"]).double().numpy()
    expected = (((product - maps(problem)) ** 2).sum(axis=(1, 2)) + NOISE_POWER) / (1 + NOISE_POWER)
    np.testing.assert_allclose(problem.evaluate(weights, split).error, expected, rtol=1e-5)


def test_the_front_is_attained_by_factors_of_the_weighted_maps(problem):
    # The reference lattice has the corners of the simplex and 1953 points: 62 on an edge.
    lattice = fr.simplex_grid(3, 62)
    for i in range(0, len(lattice), 97):
        weights = factors(np.tensordot(lattice[i], maps(problem), axes=1))
        np.testing.assert_allclose(problem.evaluate(weights, "test").error, problem.pareto_front[i], atol=1e-5)


def test_predicting_zero_has_error_one(problem):
    zero = {name: torch.zeros_like(w) for name, w in problem.pretrained.items()}
    np.testing.assert_allclose(problem.evaluate(zero, "test").error, problem.reference_point, atol=1e-6)


def test_merging_is_not_exact(problem):
    middle = fr.make_learner("interpolation").fit(problem, np.eye(3), fr.Context()).solve([0.5, 0.5, 0.0])
    exact = (0.25 + NOISE_POWER) / (1 + NOISE_POWER)
    assert (problem.evaluate(middle, "test").error[:2] > exact + 0.005).all()
    assert (problem.evaluate(middle, "test").error[:2] < 0.5).all()  # and yet useful: one basin


def test_the_seed_decides_all_and_a_task_does_not_depend_on_the_others(problem):
    alone, other = fr.load_problem("linear-net", ["m2"]), fr.load_problem("linear-net", ["m2"], seed=1)
    for name, weight in alone.experts[0].items():
        assert torch.equal(weight, problem.experts[1][name])
        assert not torch.equal(weight, other.experts[0][name])
    np.testing.assert_array_equal(alone.pareto_front, other.pareto_front)
    assert alone.hypervolume_limit == pytest.approx(1 / (1 + NOISE_POWER))


def test_batches_are_examples_and_all_are_counted(problem):
    batch = next(problem.batches("train", 16, torch.Generator().manual_seed(0)))
    assert [tuple(part.inputs.shape) for part in batch] == [(16, INPUTS)] * 3
    assert problem.n_examples("train") == (EXAMPLES,) * 3
    with pytest.raises(fr.UnsupportedError):
        problem.log_probabilities(0, problem.pretrained, batch)


def test_routers_of_single_layers_train(problem):
    learner = fr.make_learner("pwe-moe-epo", upscale="mlp.*", steps=3)
    pareto_set = learner.fit(problem, np.eye(3), fr.Context())
    assert pareto_set.diagnostics()["routers"] == 2
    assert np.isfinite(fr.evaluate(problem, pareto_set, np.eye(3)).objectives).all()


def test_the_budget_brings_gradient_descent_to_the_optimum(problem):
    r = np.array([[0.2, 0.3, 0.5]])
    weights = fr.make_learner("ls").fit(problem, r, fr.Context()).solve(r[0])
    expected = (((r - np.eye(3)) ** 2).sum(axis=1) / 2 + NOISE_POWER) / (1 + NOISE_POWER)
    assert r[0] @ (problem.evaluate(weights, "test").error - expected) < 1e-3
