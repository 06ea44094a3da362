"""RegMean++: where it is RegMean, which inputs it gathers, in which order and by which blocks."""

import numpy as np
import pytest
import torch
from oracle_blocks import problem as problem_of_blocks
from torch import nn

import frontrunner as fr
from frontrunner.methods.merging.gram_matrices import GramMatrices
from frontrunner.methods.merging.regmean import solve_least_squares
from frontrunner.methods.merging.running_order import RunningOrder, blocks_of
from frontrunner.testing import TinyNet

GRID = fr.simplex_grid(3, 3)
UNEQUAL = np.array([0.2, 0.3, 0.5])


def fit(problem, method="regmean++", **options):
    return fr.make_learner(method, **options).fit(problem, GRID, fr.Context())


def one_layer():
    """Three tasks of a model that is one linear layer."""
    generator = torch.Generator().manual_seed(0)
    models = [
        {"weight": torch.randn(3, 4, generator=generator), "bias": torch.randn(3, generator=generator)}
        for _ in range(4)
    ]
    examples = [fr.Examples(torch.randn(20, 4, generator=generator), torch.arange(20) % 3) for _ in range(3)]
    return fr.ClassificationProblem(
        name="one layer",
        tasks=["a", "b", "c"],
        model=nn.Linear(4, 3),
        pretrained=models[0],
        experts=models[1:],
        budget=fr.Budget(steps=1, batch_size=1),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Identity()] * 3,
    )


@pytest.mark.parametrize("preference", [[1 / 3, 1 / 3, 1 / 3], UNEQUAL])
def test_with_one_layer_it_is_regmean(preference):
    problem = one_layer()
    found, expected = (fit(problem, method).solve(preference) for method in ("regmean++", "regmean"))
    torch.testing.assert_close(found, expected)


def test_the_first_block_is_regmeans_and_later_ones_are_not(tiny):
    found, expected = (fit(tiny, method).solve(UNEQUAL) for method in ("regmean++", "regmean"))
    torch.testing.assert_close(found["embed.weight"], expected["embed.weight"])
    for name in ("blocks.0.attn.weight", "blocks.1.mlp.2.weight"):
        assert not torch.allclose(found[name], expected[name], atol=1e-3)
    torch.testing.assert_close(found["embed.bias"], expected["embed.bias"])


def test_a_later_block_is_solved_for_inputs_behind_what_is_merged(tiny):
    found = fit(tiny, n_examples=40, batch_size=40, reduce_off_diagonal=1).solve(UNEQUAL)
    earlier = {name: tensor for name, tensor in found.items() if name in ("scale", "embed.weight", "embed.bias")}
    earlier |= {name: tensor for name, tensor in found.items() if name.startswith("blocks.0.")}
    name, grams = "blocks.1.mlp.2.weight", []
    for t, expert in enumerate(tiny.experts):
        gathered = GramMatrices(tiny.model)
        with torch.no_grad(), gathered.watching():
            tiny.forward({**expert, **earlier}, tiny.examples(t, "train").inputs)
        grams.append(gathered.mean(name, reduce_off_diagonal=1))
    own = torch.stack([expert[name] for expert in tiny.experts])
    expected = solve_least_squares(torch.stack(grams), own, torch.as_tensor(UNEQUAL))
    torch.testing.assert_close(found[name], expected, atol=1e-4, rtol=1e-3)


def test_a_corner_is_its_expert_to_the_bit(tiny):
    pareto_set = fit(tiny, n_examples=2, batch_size=2, reduce_off_diagonal=1)
    for t, expert in enumerate(tiny.experts):
        solved = pareto_set.solve(np.eye(3)[t])
        assert all(torch.equal(solved[name], expert[name]) for name in expert)


def test_an_answer_is_the_same_however_often_it_is_asked_for(tiny):
    pareto_set = fit(tiny, n_examples=12)
    first, second = (pareto_set.solve(UNEQUAL) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_labels_do_not_matter(tiny):
    before = fit(tiny).solve(UNEQUAL)
    for splits in tiny.data:
        splits["train"].labels.copy_((splits["train"].labels + 1) % 3)
    after = fit(tiny).solve(UNEQUAL)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_blocks_and_layers_are_counted(tiny):
    found = fit(tiny).diagnostics()
    assert found == {"regmean_solved_layers": 7.0, "regmean_averaged_layers": 2.0, "regmean_blocks": 3.0}
    assert fit(problem_of_blocks()).diagnostics()["regmean_blocks"] == 2.0


class Late(nn.Module):
    """Declares its layers in another order than they run in, and has one that never runs."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 3)
        self.first = nn.Linear(3, 3)
        self.never = nn.Linear(3, 3)

    def forward(self, rows):
        return self.last(self.first(rows))


def found_blocks(model, inputs):
    order, grams = RunningOrder(model), GramMatrices(model)
    with torch.no_grad(), order.watching(), grams.watching():
        model(inputs)
    return blocks_of(model, grams.names, order)


def test_blocks_come_in_the_order_in_which_they_run():
    blocks = found_blocks(Late().eval(), torch.ones(2, 3))
    assert blocks == [("first", ["first.weight"]), ("last", ["last.weight"])]


def test_blocks_are_items_of_lists_with_several_linear_layers():
    blocks = found_blocks(TinyNet().eval(), torch.ones(2, 4))
    assert [name for name, _ in blocks] == ["embed", "blocks.0", "blocks.1"]
    assert blocks[1][1] == [f"blocks.0.{name}.weight" for name in ("attn", "mlp.0", "mlp.2")]
    layers = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).eval()
    assert found_blocks(layers, torch.ones(2, 3)) == [("0", ["0.weight"]), ("2", ["2.weight"])]
    assert found_blocks(nn.Linear(3, 4).eval(), torch.ones(2, 3)) == [("", ["weight"])]


def test_no_hook_stays_on_the_model(tiny):
    fit(tiny).solve(UNEQUAL)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in tiny.model.modules())


def test_a_model_without_linear_layers_is_refused():
    with pytest.raises(fr.UnsupportedError, match="expected an architecture with linear layers"):
        fr.make_learner("regmean++").check_model(nn.Conv2d(3, 4, 3), 2)
