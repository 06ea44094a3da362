"""Layers by the names of their weights, and the learners that count how many of them their rule reached."""

import itertools
import types

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import frontrunner as fr
from frontrunner.methods.layers import layer_of, layers_of
from frontrunner.methods.whole_set.upscale_rules import weights_of_layers

GRID = fr.simplex_grid(3, 3)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("blocks.0.attn.weight", "blocks.0.attn"),
        ("blocks.0.attn.bias", "blocks.0.attn"),
        ("embedding", ""),
        ("blocks.0.fc.parametrizations.weight.original0", "blocks.0.fc"),
        ("parametrizations.weight.original", ""),
        ("blocks.0.fc.parametrizations.weight.0.map.weight", "blocks.0.fc"),
        ("parametrizations_of_mine.weight", "parametrizations_of_mine"),
    ],
)
def test_a_layer_is_the_module_that_holds_a_weight(name, layer):
    assert layer_of(name) == layer


def test_a_parametrized_module_is_one_layer():
    module = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 2))
    assert layers_of(module.state_dict()) == {"0", "2"}
    problem = types.SimpleNamespace(pretrained=module.state_dict(), merged=frozenset(module.state_dict()))
    groups = weights_of_layers(problem)
    assert {layer: len(names) for layer, names in groups.items()} == {"0": 3, "2": 2}
    assert sorted(itertools.chain(*groups.values())) == sorted(module.state_dict())


def parametrized_problem(tiny):
    """The tiny problem with an embedding whose weight is a product, and with a counter that no merge changes."""
    model = type(tiny.model)()
    parametrizations.weight_norm(model.embed)
    model.register_buffer("steps", torch.tensor(3))
    model.register_buffer("mask", torch.tensor([0.0, -torch.inf]))
    pretrained = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    changed = [
        {
            name: tensor + 0.1 * t if tensor.is_floating_point() and name != "mask" else tensor.clone()
            for name, tensor in pretrained.items()
        }
        for t in range(3)
    ]
    return fr.ClassificationProblem(
        name="parametrized",
        tasks=tiny.tasks,
        model=model,
        pretrained=pretrained,
        experts=changed,
        budget=tiny.budget,
        data=tiny.data,
        heads=tiny.heads,
    )


def test_a_parametrized_module_has_one_coefficient_as_it_is_one_layer(tiny):
    problem = parametrized_problem(tiny)
    learner = fr.make_learner("layerwise-interpolation", groups="layers", steps=1)
    parts = learner.fit(problem, GRID, fr.Context()).merge_coefficients([0.2, 0.3, 0.5])
    assert "embed" in parts
    assert [part for part in parts if "parametrizations" in part] == []
    assert {part for part in parts if part != "the model"} == layers_of(problem.merged) - {""}


def test_layers_are_counted_by_the_weights_that_are_merged(tiny):
    """A module that holds nothing but a mask is no layer that could be merged."""
    problem = parametrized_problem(tiny)
    model = problem.model
    model.masked = nn.Module()
    model.masked.register_buffer("mask", torch.tensor([-torch.inf]))
    params = [
        {**params, "masked.mask": torch.tensor([-torch.inf])} for params in (problem.pretrained, *problem.experts)
    ]
    masked = fr.ClassificationProblem(
        name="masked",
        tasks=problem.tasks,
        model=model,
        pretrained=params[0],
        experts=params[1:],
        budget=problem.budget,
        data=problem.data,
        heads=problem.heads,
    )
    counts = [
        fr.make_learner("pwe-moe-ls", upscale="mlp", steps=1).fit(one, GRID, fr.Context()).diagnostics()["fixed_layers"]
        for one in (parametrized_problem(tiny), masked)
    ]
    assert counts == [5, 5]


@pytest.mark.parametrize(
    ("method", "options", "reached", "others"),
    [
        # the tiny network: scale, embed, two blocks of attn and two layers of mlp, norm
        ("pwe-moe-ls", {"upscale": "mlp"}, ("upscaled_layers", 4), ("fixed_layers", 5)),
        ("pwe-moe-ls", {"upscale": "all"}, ("upscaled_layers", 8), ("fixed_layers", 1)),
        ("pwe-moe-ls", {"upscale": "model"}, ("upscaled_layers", 9), ("fixed_layers", 0)),
        ("cosmos", {}, ("shifted_layers", 8), ("unshifted_layers", 1)),
        ("pareto-merging", {"rank": 2}, ("low_rank_weights", 7), ("vector_weights", 10)),
        ("regmean", {}, ("regmean_solved_layers", 7), ("regmean_averaged_layers", 2)),
        ("fisher-merging", {"n_examples": 2}, ("fisher_weighted_layers", 9), ("fisher_averaged_layers", 0)),
        (
            "fisher-merging",
            {"n_examples": 2, "floor": 10.0},
            ("fisher_weighted_layers", 0),
            ("fisher_averaged_layers", 9),
        ),
    ],
)
def test_a_learner_with_a_rule_by_kind_counts_what_it_reached(tiny, method, options, reached, others):
    steps = {} if method in ("regmean", "fisher-merging") else {"steps": 1}
    found = fr.make_learner(method, **options, **steps).fit(tiny, GRID, fr.Context()).diagnostics()
    assert {name: found[name] for name, _ in (reached, others)} == dict([reached, others])
