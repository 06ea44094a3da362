"""RegMean: exact least squares where models are linear, corners, symmetry, what is gathered."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.methods.merging.gram_matrices import GramMatrices
from frontrunner.methods.merging.regmean import solve_least_squares

GRID = fr.simplex_grid(3, 3)


class Regression(fr.Problem):
    """Linear regressions with two outputs; each expert is the least-squares solution of its own data."""

    def __init__(self, inputs, targets, model=None):
        self.inputs, self.targets = inputs, targets
        solutions = [torch.linalg.lstsq(x, y).solution.T for x, y in zip(inputs, targets, strict=True)]
        super().__init__(
            name="regression",
            tasks=[f"task{t}" for t in range(len(inputs))],
            model=model or nn.Linear(inputs.shape[2], targets.shape[2], bias=False, dtype=torch.float64),
            pretrained={"weight": torch.zeros_like(solutions[0])},
            experts=[{"weight": solution} for solution in solutions],
            budget=fr.Budget(steps=1, batch_size=1),
        )

    def losses(self, params, batch):
        return torch.stack([self.task_loss(t, params, batch) for t in range(self.n_tasks)])

    def task_loss(self, t, params, batch):
        index = batch[t]
        return (self.forward(params, self.inputs[t, index]) - self.targets[t, index]).square().mean()

    def batches(self, split, batch_size, generator):
        n = self.inputs.shape[1]
        order = itertools.cycle(torch.randperm(n, generator=generator).tolist())
        while True:
            yield [list(itertools.islice(order, batch_size))] * self.n_tasks

    def n_examples(self, split):
        return (0,) * self.n_tasks

    def evaluate(self, params, split):
        losses = self.losses(params, [slice(None)] * self.n_tasks).detach().numpy()
        return fr.Objectives(losses, losses)


def drawn(n_tasks, n, n_inputs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n_tasks, n, n_inputs, generator=generator, dtype=torch.float64)
    mixing = torch.randn(n_tasks, n_inputs, n_inputs, generator=generator, dtype=torch.float64)
    return inputs @ mixing, torch.randn(n_tasks, n, 2, generator=generator, dtype=torch.float64)


def fit(problem, **options):
    return fr.make_learner("regmean", **options).fit(problem, GRID, fr.Context())


@pytest.mark.parametrize("preference", [[1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]])
def test_linear_models_merge_to_the_least_squares_of_the_pooled_data(preference):
    inputs, targets = drawn(3, 20, 5)
    solved = fit(Regression(inputs, targets), n_examples=20, batch_size=10, reduce_off_diagonal=1).solve(preference)
    scale = torch.tensor(preference, dtype=torch.float64).sqrt()[:, None, None]
    pooled = torch.linalg.lstsq((scale * inputs).flatten(0, 1), (scale * targets).flatten(0, 1)).solution.T
    torch.testing.assert_close(solved["weight"], pooled, atol=1e-5, rtol=1e-4)


def test_without_off_diagonals_every_input_is_weighted_for_itself():
    inputs, targets = drawn(2, 20, 5)
    problem = Regression(inputs, targets)
    solved = fit(problem, n_examples=20, batch_size=20, reduce_off_diagonal=0).solve([0.3, 0.7])["weight"]
    power = torch.tensor([0.3, 0.7])[:, None, None] * inputs.square().mean(dim=1)[:, None, :]
    experts = torch.stack([expert["weight"] for expert in problem.experts])
    torch.testing.assert_close(solved, (power * experts).sum(dim=0) / power.sum(dim=0), atol=1e-5, rtol=1e-4)


def test_directions_that_no_input_takes_go_to_the_weighted_mean():
    inputs, targets = drawn(2, 20, 5)
    inputs[:, :, 4] = 0
    problem = Regression(inputs, targets)
    for t, expert in enumerate(problem.experts):
        expert["weight"][:, 4] = t
    solved = fit(problem, n_examples=20, batch_size=20, reduce_off_diagonal=1).solve([0.25, 0.75])["weight"]
    # The ridge is relative to each task's own inputs.
    ridge = torch.tensor([0.25, 0.75]) * inputs.square().mean(dim=1).mean(dim=1)
    torch.testing.assert_close(solved[:, 4], (ridge[1] / ridge.sum()).expand(2), atol=1e-5, rtol=1e-4)


def test_inputs_that_are_all_0_give_the_weighted_mean():
    own = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1))
    solved = solve_least_squares(torch.zeros(2, 4, 4), own, torch.tensor([0.25, 0.75], dtype=torch.float64))
    torch.testing.assert_close(solved, 0.25 * own[0] + 0.75 * own[1])


def test_a_corner_is_its_expert_to_the_bit(tiny):
    tiny.experts[1]["norm.running_mean"] += 0.5
    pareto_set = fit(tiny, n_examples=2, batch_size=2, reduce_off_diagonal=1)  # fewer examples than inputs
    for t, expert in enumerate(tiny.experts):
        solved = pareto_set.solve(np.eye(3)[t])
        assert all(torch.equal(solved[name], expert[name]) for name in expert)


def test_all_but_linear_weights_is_the_weighted_mean(tiny):
    for t, expert in enumerate(tiny.experts):
        expert["norm.running_mean"] += t
    preference = [0.2, 0.3, 0.5]
    solved = fit(tiny).solve(preference)
    for name, tensor in solved.items():
        if not tensor.is_floating_point():
            continue
        mean = sum(r * expert[name] for r, expert in zip(preference, tiny.experts, strict=True))
        differs = (tensor - mean).abs().max() > 1e-3
        assert differs == (name.endswith("weight") and name != "norm.weight"), name


def test_the_order_of_tasks_does_not_matter(tiny, permuted):
    order = [2, 0, 1]
    preference = np.array([0.2, 0.3, 0.5])
    first = fit(tiny, n_examples=40, batch_size=8).solve(preference)  # all there are
    second = fit(permuted(tiny, order), n_examples=40, batch_size=8).solve(preference[order])
    for name in first:
        torch.testing.assert_close(second[name], first[name], atol=1e-5, rtol=1e-4)


def test_labels_do_not_matter_and_are_not_declared(tiny):
    before = fit(tiny).solve([0.2, 0.3, 0.5])
    for splits in tiny.data:
        splits["train"].labels.copy_((splits["train"].labels + 1) % 3)
    after = fit(tiny).solve([0.2, 0.3, 0.5])
    assert all(torch.equal(before[name], after[name]) for name in before)
    needs = [fr.make_learner("regmean", n_examples=n, batch_size=8).needs(tiny, GRID) for n in (12, 256)]
    for found, n in zip(needs, (36, 120), strict=True):  # two batches of 6, five of 8
        assert found == fr.Needs(unlabelled_examples=n, gradient_examples=0, forward_examples=n)


@pytest.mark.parametrize("fails", [False, True])
def test_no_hook_stays_on_the_model(tiny, monkeypatch, fails):
    def task_loss(*_):
        raise RuntimeError("in the middle of a forward pass")

    if fails:
        monkeypatch.setattr(tiny, "task_loss", task_loss)
        with pytest.raises(RuntimeError, match="in the middle"):
            fit(tiny)
    else:
        fit(tiny)
    assert not any(module._forward_pre_hooks for module in tiny.model.modules())


def test_inputs_of_self_attention_are_gathered_and_those_of_cross_attention_are_not():
    attention = nn.MultiheadAttention(4, 2, batch_first=True, dtype=torch.float64).eval()
    inputs = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows, doubled = inputs.flatten(0, 1), 2 * inputs
    own, across = GramMatrices(attention), GramMatrices(attention)
    with torch.no_grad(), own.watching():
        attention(inputs, key=inputs, value=inputs, need_weights=False)
        attention(doubled, doubled, doubled)
    assert own.names == ("in_proj_weight",)  # out_proj is never called as a module
    expected = (1 + 4) * rows.T @ rows / (2 * len(rows))
    torch.testing.assert_close(own.mean("in_proj_weight", reduce_off_diagonal=1), expected)
    with torch.no_grad(), across.watching():
        attention(inputs, doubled, doubled)
    assert across.names == ()


@pytest.mark.parametrize("gather", [0, 1, 2])
def test_inputs_of_all_calls_count_once_and_those_without_rows_not_at_all(gather):
    layer = nn.Linear(3, 2, dtype=torch.float64)
    inputs = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ways = [
        lambda: (layer(inputs[0]), layer(input=inputs[1])),
        lambda: (layer(inputs[0, 0]), layer(inputs[0, 1:]), layer(inputs[1][:0]), layer(inputs[1:2])),
        lambda: (layer(inputs[:, :, None]), layer(inputs[:0])),
    ]
    grams = GramMatrices(layer)
    with torch.no_grad(), grams.watching():
        ways[gather]()
    rows = inputs.flatten(0, 1)
    torch.testing.assert_close(grams.mean("weight", reduce_off_diagonal=1), rows.T @ rows / 10)


def test_sums_of_squares_do_not_overflow_in_half_precision():
    layer = nn.Linear(1, 2, dtype=torch.float16)
    grams = GramMatrices(layer)
    with torch.no_grad(), grams.watching():
        layer(torch.full((1000, 1), 100.0, dtype=torch.float16))
    torch.testing.assert_close(grams.mean("weight", reduce_off_diagonal=1), torch.tensor([[1e4]]))


def test_inputs_that_are_not_finite_are_an_error(tiny):
    tiny.experts[2]["embed.weight"][0, 0] = torch.nan
    with pytest.raises(fr.DivergenceError, match=r"found NaN or infinity at 'blocks.0.attn.weight'"):
        fit(tiny)


def test_options_out_of_range_are_refused():
    with pytest.raises(fr.ConfigError, match="reduce_off_diagonal must be in"):
        fr.make_learner("regmean", reduce_off_diagonal=1.5)
