"""What all learners share that merge task vectors to one direction: a curve over lambda, and a conditioned form."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods import METHODS
from frontrunner.methods.merging.direction_merger import DirectionMerger

GRID = fr.simplex_grid(3, 3)
MERGERS = [
    {"method": "ties-merging"},
    {"method": "dare"},
    {"method": "dare", "then": "ties-merging"},
    {"method": "iso-c"},
    {"method": "tsv-merge"},
    {"method": "wudi", "others": "average", "iterations": 30},
]
mergers = pytest.mark.parametrize("options", MERGERS, ids=lambda options: "-".join(map(str, options.values())))


def made(method, **options):
    return fr.make_learner(method, **options)


def fit(problem, **options):
    return made(**options).fit(problem, GRID, fr.Context())


def assert_same(first, second, **tolerance):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], **tolerance)


def test_every_such_learner_is_tested():
    shipped = {name for name in fr.list_methods() if issubclass(METHODS.get(name), DirectionMerger)}
    assert {options["method"] for options in MERGERS} == shipped


@mergers
def test_the_curve_starts_at_the_pretrained_model_and_is_straight(tiny, options):
    start, middle, end = (params for _, _, params in fit(tiny, **options, points=3, max_lambda=0.8).members(GRID))
    assert_same(start, tiny.pretrained)
    for name in ("embed.weight", "embed.bias"):
        torch.testing.assert_close(middle[name], (start[name] + end[name]) / 2)
        assert not torch.equal(start[name], end[name])


@mergers
def test_conditioned_on_equal_weights_is_the_curve_at_the_same_lambda(tiny, options):
    on_curve = list(fit(tiny, **options, points=11, max_lambda=1.0).members(GRID))[4][2]
    conditioned = fit(tiny, **options, conditioned=True, coefficient=0.4)
    assert_same(conditioned.solve(np.full(3, 1 / 3)), on_curve, atol=1e-5, rtol=1e-4)
    assert conditioned.diagnostics()["chosen_lambda"] == 0.4


@mergers
def test_conditioned_follows_the_preference(tiny, options):
    conditioned = fit(tiny, **options, conditioned=True, coefficient=0.4)
    first, second = (conditioned.solve(r)["blocks.0.attn.weight"] for r in ([0.7, 0.2, 0.1], [0.1, 0.2, 0.7]))
    assert not torch.allclose(first, second, atol=1e-3)


@mergers
def test_only_a_lambda_that_is_chosen_costs_labels(tiny, options):
    n_labels = {
        needed: made(**options, **more).needs(tiny, GRID).labelled_examples
        for needed, more in (
            ("curve", {}),
            ("given", {"conditioned": True, "coefficient": 0.4}),
            ("chosen", {"conditioned": True}),
        )
    }
    assert n_labels == {"curve": 0, "given": 0, "chosen": sum(tiny.n_examples("val"))}


@mergers
def test_a_lambda_for_a_curve_is_refused(options):
    with pytest.raises(fr.ConfigError, match="coefficient is the one lambda of conditioned = true"):
        made(**options, coefficient=0.3)


@mergers
def test_experts_equal_to_the_pretrained_model_change_nothing(tiny, options):
    for expert in tiny.experts:
        expert.update({name: tensor.clone() for name, tensor in tiny.pretrained.items()})
    *_, (_, _, last) = fit(tiny, **options).members(GRID)
    assert_same(last, tiny.pretrained, atol=0, rtol=0)
