"""Fisher merging: closed forms of logistic models, corners, symmetry."""

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.methods.flat_weights import FlatWeights
from frontrunner.methods.merging import fisher_merging
from frontrunner.methods.merging.fisher_merging import add_squared_gradients

GRID = fr.simplex_grid(3, 3)


class Binary(nn.Module):
    """One logit to those of two classes: p(class 1) is its sigmoid."""

    def forward(self, logit):
        return torch.cat([torch.zeros_like(logit), logit], dim=1)


def logistic_problem(n=12):
    """Two logistic regressions without bias, every parameter a number."""
    generator = torch.Generator().manual_seed(3)
    weights = torch.tensor([[0.5, -1.0, 0.0], [1.5, 0.3, -0.7]])
    inputs = torch.randn(2, n, 3, generator=generator)
    inputs[:, :, 2] *= torch.tensor([0.0, 1.0])[:, None]  # the first task never sees the third input
    splits = [{s: fr.Examples(x, torch.zeros(n, dtype=torch.long)) for s in ("train", "val", "test")} for x in inputs]
    problem = fr.ClassificationProblem(
        name="logistic",
        tasks=["first", "second"],
        model=nn.Linear(3, 1, bias=False),
        pretrained={"weight": torch.zeros(1, 3)},
        experts=[{"weight": row[None]} for row in weights],
        budget=fr.Budget(steps=1, batch_size=1),
        data=splits,
        heads=[Binary(), Binary()],
    )
    p = torch.einsum("tnd,td->tn", inputs, weights).sigmoid()
    return problem, weights, torch.einsum("tn,tnd->td", p * (1 - p), inputs.square()) / n


def fit(problem, **options):
    return fr.make_learner("fisher-merging", **options).fit(problem, GRID, fr.Context())


def test_fisher_of_a_logistic_model_is_its_closed_form():
    problem, _, expected = logistic_problem()
    weights = FlatWeights(problem, ["weight"])
    for t in range(2):
        found = torch.zeros(3)
        stream = problem.batches("train", 1, torch.Generator().manual_seed(0))
        for _, example in zip(range(12), stream, strict=False):
            add_squared_gradients(problem, t, weights, problem.experts[t], example, found)
        torch.testing.assert_close(found / 12, expected[t])


@pytest.mark.parametrize("normalize", [False, True])
def test_merge_of_logistic_models_is_the_closed_form(normalize):
    problem, theta, fisher = logistic_problem()
    if normalize:
        fisher = fisher / fisher.norm(dim=1, keepdim=True)
    pareto_set = fit(problem, n_examples=12, floor=1e-9, normalize=normalize)
    r = torch.tensor([0.3, 0.7])
    expected = (r[:, None] * fisher * theta).sum(dim=0) / (r[:, None] * fisher).sum(dim=0)
    torch.testing.assert_close(pareto_set.solve([0.3, 0.7])["weight"][0], expected, atol=1e-6, rtol=1e-5)
    assert pareto_set.diagnostics() == {
        "floored_fisher_share": pytest.approx(1 / 6),
        "fisher_weighted_layers": 1,
        "fisher_averaged_layers": 0,
        "fisher_unbatched_examples": 0,
    }


def test_gradients_are_the_same_in_parts(tiny, monkeypatch):
    whole = fit(tiny, n_examples=8).solve([0.2, 0.3, 0.5])
    monkeypatch.setattr(fisher_merging, "GRADIENT_NUMBERS", 1)
    parts = fit(tiny, n_examples=8).solve([0.2, 0.3, 0.5])
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name])


class Doubling(torch.autograd.Function):
    """An operation of somebody's own, with a backward pass that torch cannot batch."""

    @staticmethod
    def forward(ctx, rows):
        return 2 * rows

    @staticmethod
    def backward(ctx, gradient):
        assert gradient.sum().item() == gradient.sum().item()  # looks at values, which batches do not have
        return 2 * gradient


def test_operations_that_cannot_be_batched_take_a_pass_a_class(tiny):
    for head in tiny.heads:
        head.forward = lambda rows, head=head: nn.functional.linear(rows + rows, head.weight, head.bias)
    expected = fit(tiny, n_examples=3)
    for head in tiny.heads:
        head.forward = lambda rows, head=head: nn.functional.linear(Doubling.apply(rows), head.weight, head.bias)
    found = fit(tiny, n_examples=3)
    for name, tensor in expected.solve([0.2, 0.3, 0.5]).items():
        torch.testing.assert_close(found.solve([0.2, 0.3, 0.5])[name], tensor)
    assert found.diagnostics() == {**expected.diagnostics(), "fisher_unbatched_examples": 9}


def test_a_corner_is_its_expert_to_the_bit(tiny):
    tiny.experts[1]["norm.running_mean"] += 0.5  # a buffer that the experts disagree about
    pareto_set = fit(tiny, n_examples=4)
    for t, expert in enumerate(tiny.experts):
        solved = pareto_set.solve(np.eye(3)[t])
        assert all(torch.equal(solved[name], expert[name]) for name in expert)


def test_what_no_fisher_sees_is_the_weighted_mean(tiny):
    for t, expert in enumerate(tiny.experts):
        expert["norm.running_mean"] += t
    solved = fit(tiny, n_examples=4).solve([0.2, 0.3, 0.5])
    torch.testing.assert_close(solved["norm.running_mean"], torch.full((6,), 0.3 + 2 * 0.5))


def test_the_fisher_moves_the_merge_away_from_the_mean(tiny):
    solved = fit(tiny, n_examples=8).solve([1 / 3] * 3)["blocks.1.attn.weight"]
    stacked = torch.stack([expert["blocks.1.attn.weight"] for expert in tiny.experts])
    assert (solved - stacked.mean(dim=0)).abs().max() > 0.05
    assert (solved <= stacked.amax(dim=0) + 1e-6).all()
    assert (solved >= stacked.amin(dim=0) - 1e-6).all()


def test_more_examples_than_there_are_changes_nothing(tiny):
    first, second = (fit(tiny, n_examples=n).solve([0.2, 0.3, 0.5]) for n in (40, 1000))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_order_of_tasks_does_not_matter(tiny, permuted):
    order = [2, 0, 1]
    preference = np.array([0.2, 0.3, 0.5])
    first = fit(tiny, n_examples=40).solve(preference)  # all there are: the draw of examples cannot differ
    second = fit(permuted(tiny, order), n_examples=40).solve(preference[order])
    for name in first:
        torch.testing.assert_close(second[name], first[name], atol=1e-5, rtol=1e-4)


def test_no_label_is_looked_at(tiny):
    before = fit(tiny, n_examples=8).solve([0.2, 0.3, 0.5])
    for splits in tiny.data:
        splits["train"].labels.fill_(-7)  # no class
    after = fit(tiny, n_examples=8).solve([0.2, 0.3, 0.5])
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_needs_are_inputs_alone_and_no_more_than_there_are(tiny):
    def needs(n):
        return fr.make_learner("fisher-merging", n_examples=n).needs(tiny, GRID)

    assert needs(8) == fr.Needs(unlabelled_examples=24, gradient_examples=24, forward_examples=0)
    assert needs(256) == fr.Needs(unlabelled_examples=120, gradient_examples=120, forward_examples=0)


def test_a_problem_without_classes_is_refused(tiny, monkeypatch):
    monkeypatch.setattr(type(tiny), "log_probabilities", fr.Problem.log_probabilities)
    with pytest.raises(fr.UnsupportedError, match="tiny predicts no classes"):
        fit(tiny)


def test_a_diverged_expert_is_an_error(tiny):
    tiny.experts[2]["embed.weight"][0, 0] = torch.nan
    with pytest.raises(fr.DivergenceError, match="found NaN"):
        fit(tiny, n_examples=2)


def test_options_out_of_range_are_refused():
    with pytest.raises(fr.ConfigError, match="floor must be positive, found 0"):
        fr.make_learner("fisher-merging", floor=0)
