"""Merges of half-precision experts are rounded once, whatever lies between them and the pre-trained model."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods import weight_block
from frontrunner.methods.task_vectors import ModelMerger, TaskVectorBank

HALVES = [torch.float16, torch.bfloat16]
SINGLE_PRECISION = 1 + 2**-9
"""How far sums in single precision may take a rounding above half a unit in the last place."""


class Weight(torch.nn.Module):
    """One weight."""

    def __init__(self, values):
        super().__init__()
        self.x = torch.nn.Parameter(values.clone())


class Weights(fr.Problem):
    """Merges one weight; a task's loss is the square of its distance to that task's expert."""

    def __init__(self, base, experts):
        super().__init__(
            name="weights",
            tasks=[f"task-{t}" for t in range(len(experts))],
            model=Weight(base),
            pretrained={"x": base},
            experts=[{"x": expert} for expert in experts],
            budget=fr.Budget(steps=1, batch_size=1),
        )

    def losses(self, params, batch):
        return torch.stack([self.task_loss(t, params, batch) for t in range(self.n_tasks)])

    def task_loss(self, t, params, batch):
        return ((params["x"].float() - self.experts[t]["x"].float()) ** 2).sum()

    def n_examples(self, split):
        return (1,) * self.n_tasks

    def batches(self, split, batch_size, generator):
        raise NotImplementedError("nothing is trained")

    def evaluate(self, params, split):
        raise NotImplementedError("nothing is measured")


def near(dtype, n_tasks=3, size=4000):
    """Experts beside a pre-trained model, as fine-tuning leaves them."""
    generator = torch.Generator().manual_seed(0)
    base = 0.02 * torch.randn(size, generator=generator)
    experts = [base + 0.002 * torch.randn(size, generator=generator) for _ in range(n_tasks)]
    return base.to(dtype), [expert.to(dtype) for expert in experts]


def apart(dtype):
    """A pre-trained model that is far above its experts."""
    experts = [[1e-4, -3e-4, 2.0], [3e-4, 1e-4, -5e-3], [2e-4, 6e-5, 7.0]]
    return torch.tensor([4e4, -0.5, 30.0]).to(dtype), [torch.tensor(expert).to(dtype) for expert in experts]


def opposite(dtype):
    """Experts whose differences from the pre-trained model are beyond float16."""
    experts = [[-4e4, 6e4], [-3e4, 5e4], [-3.5e4, -6e4]]
    return torch.tensor([4e4, -6e4]).to(dtype), [torch.tensor(expert).to(dtype) for expert in experts]


MODELS = {"near": near, "apart": apart, "opposite": opposite}


def exact(base, experts, coefficients):
    """In double precision, sum_i c_i theta_i with what the coefficients leave for theta_0."""
    c = torch.as_tensor(coefficients, dtype=torch.float64)
    left = 1 - c.sum()
    return (left if abs(left) > 1e-6 else 0) * base.double() + c @ torch.stack(list(experts)).double()


def magnitudes(base, experts, coefficients):
    """In double precision, the sum of the absolute summands of a merge, of which single precision keeps 24 bits."""
    c = torch.as_tensor(coefficients, dtype=torch.float64)
    left = 1 - c.sum()
    return (abs(left) if abs(left) > 1e-6 else 0) * base.double().abs() + c.abs() @ torch.stack(
        list(experts)
    ).double().abs()


def half_units(values, dtype):
    """Half the distance of neighbours in a type, at these values."""
    least = torch.full_like(values, torch.finfo(dtype).tiny)  # below it, numbers are evenly spaced
    exponents = torch.maximum(torch.frexp(values).exponent, torch.frexp(least).exponent)
    return torch.ldexp(torch.full_like(values, torch.finfo(dtype).eps / 4), exponents)


def assert_rounded_once(found, expected, dtype, magnitude):
    assert found.dtype == dtype
    summed = 2**-22 * magnitude  # what sums in single precision leave where summands cancel out
    assert ((found.double() - expected).abs() <= SINGLE_PRECISION * half_units(expected, dtype) + summed).all()


@pytest.mark.parametrize("models", MODELS)
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("method", ["interpolation", "layerwise-interpolation"])
def test_corners_are_the_experts(method, dtype, models):
    base, experts = MODELS[models](dtype)
    problem, learner = Weights(base, experts), fr.make_learner(method)
    corners = np.eye(len(experts))
    if method == "interpolation":
        pareto_set = learner.fit(problem, corners, fr.Context())
    else:
        pareto_set = learner.untrained(problem, torch.Generator())  # interpolation
    for corner, expert in zip(corners, experts, strict=True):
        answer = pareto_set.solve(corner)["x"]
        assert answer.dtype == dtype
        assert torch.equal(answer, expert)


@pytest.mark.parametrize("models", MODELS)
@pytest.mark.parametrize("dtype", HALVES)
def test_convex_merges_are_rounded_once(dtype, models):
    base, experts = MODELS[models](dtype)
    problem = Weights(base, experts)
    pareto_set = fr.make_learner("interpolation").fit(problem, fr.simplex_grid(3, 4), fr.Context())
    for preference in fr.simplex_grid(3, 7):
        size = magnitudes(base, experts, preference)
        assert_rounded_once(pareto_set.solve(preference)["x"], exact(base, experts, preference), dtype, size)
    ((_, _, averaged),) = fr.make_learner("weight-averaging").fit(problem, None, fr.Context()).members(np.eye(3)[:1])
    together = torch.stack(experts).double()
    assert_rounded_once(averaged["x"], together.mean(dim=0), dtype, together.abs().mean(dim=0))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("n_tasks", [1, 2, 3, 7, 10])
def test_one_expert_averaged_with_itself_stays(n_tasks, dtype):
    """Shares of 1 / T, whose sum is seldom 1, leave nothing of a pre-trained model far above."""
    base, (expert, *_) = apart(dtype)
    merge = ModelMerger(Weights(base, [expert.clone() for _ in range(n_tasks)]))
    assert torch.equal(merge([1 / n_tasks] * n_tasks)["x"], expert)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float16, 1e4), (torch.bfloat16, 8e37)])
def test_means_of_far_experts_do_not_overflow(dtype, size):
    base, *experts = (torch.tensor([multiple * size]).to(dtype) for multiple in (4, -4, -3))
    merged = ModelMerger(Weights(base, experts))([0.5, 0.5])["x"]
    assert torch.equal(merged, torch.stack(experts).double().mean(dim=0).to(dtype))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_task_arithmetic_is_rounded_once(scale, dtype):
    base, experts = near(dtype)
    merged = ModelMerger(Weights(base, experts))([scale] * 3)["x"]
    single = float(torch.tensor(scale))  # as coefficients beside half-precision weights are
    size = torch.stack([base, *experts]).double().abs().sum(dim=0)  # a sum that cancels keeps its terms' last digits
    error = (merged.double() - exact(base, experts, [single] * 3)).abs()
    assert (error <= half_units(merged.double(), dtype) + 2**-22 * size).all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("part", [1, 3, 100])
def test_parts_are_those_of_the_whole(part, dtype, monkeypatch):
    base, experts = near(dtype, size=10)
    bank = TaskVectorBank(Weights(base, experts))
    coefficients, gradients = torch.tensor([0.1, 0.3, -0.7]), torch.randn(2, 10).to(dtype)
    merged, contracted = bank.merge_flat(coefficients), bank.contract(gradients)
    monkeypatch.setattr(weight_block, "BLOCK_PART", part)
    torch.testing.assert_close(bank.merge_flat(coefficients), merged)
    torch.testing.assert_close(bank.contract(gradients), contracted)


@pytest.mark.parametrize("models", MODELS)
@pytest.mark.parametrize("dtype", HALVES)
def test_gradients_are_those_of_single_precision(dtype, models):
    base, experts = MODELS[models](dtype)
    coefficients = torch.tensor([0.2, 0.5, 0.3], requires_grad=True)
    merged = TaskVectorBank(Weights(base, experts)).merge_flat(coefficients)
    gradient = torch.randn(len(base), generator=torch.Generator().manual_seed(1)).to(dtype)
    (found,) = torch.autograd.grad(merged, coefficients, gradient)
    vectors = torch.stack(experts).float() - base.float()
    (expected,) = torch.autograd.grad(base.float() + coefficients @ vectors, coefficients, gradient.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", HALVES)
def test_gradients_of_all_tasks_at_once_are_those_of_single_precision(dtype):
    """They meet the task vectors during backward, as EPO's do."""
    base, experts = near(dtype, size=64)
    routed = fr.make_learner("pwe-moe-epo", upscale="model").untrained(Weights(base, experts), torch.Generator())
    preference = np.array([0.2, 0.3, 0.5])
    losses, rows = routed.task_gradients(preference, [None] * 3)
    coefficients = routed.network(routed.as_input(preference))
    leaf = routed.solve(preference)["x"].detach().float()
    vectors = torch.stack(experts).float() - base.float()
    for t, row in enumerate(rows):
        in_weights = (2 * (leaf - experts[t].float())).to(dtype).float()
        gradients = torch.autograd.grad(
            coefficients, list(routed.network.parameters()), (vectors @ in_weights)[None], retain_graph=True
        )
        torch.testing.assert_close(row, torch.cat([gradient.flatten() for gradient in gradients]))
    assert losses.dtype == torch.float32


def test_sums_over_many_half_numbers_neither_overflow_nor_stop():
    base, experts = torch.zeros(100_000, dtype=torch.float16), torch.full((2, 100_000), 2.0, dtype=torch.float16)
    gradients = torch.full((1, 100_000), 1.0, dtype=torch.float16)
    assert TaskVectorBank(Weights(base, list(experts))).contract(gradients).tolist() == [[200_000.0, 200_000.0]]


@pytest.mark.parametrize("dtype", HALVES)
def test_a_bank_takes_the_memory_of_its_models(dtype):
    base, experts = near(dtype)
    bank = TaskVectorBank(Weights(base, experts))
    held = [value for value in vars(bank).values() if isinstance(value, torch.Tensor)]
    assert sum(tensor.untyped_storage().nbytes() for tensor in held) == 4 * len(base) * 2
