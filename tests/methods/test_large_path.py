"""Every learner gives on the path of large models, whose experts are merged where they lie, what it gives otherwise."""

import pytest
import torch

import frontrunner as fr
from frontrunner.methods import METHODS, task_vectors
from frontrunner.methods.expert_bank import ExpertBank

GRID = fr.simplex_grid(3, 3)
BANKED = {
    "adamerging": {"steps": 6},
    "weight-averaging": {},
    "task-arithmetic": {"points": 4},
    "interpolation": {},
    "layerwise-interpolation": {"steps": 6},
    "pwe-moe-ls": {"steps": 6},
    "pwe-moe-epo": {"steps": 6, "upscale": "all"},
    "pwe-moe-stch": {"steps": 6, "upscale": "model"},
    "pareto-merging": {"steps": 6},
    "map": {"evaluations": 12, "generations": 3, "population": 6},
    "nsga2-merge": {"generations": 3, "population": 6},
    "mobo-merge": {"evaluations": 10},
    "random-merge": {"evaluations": 10},
}
"""Learners whose merges are made by banks."""
BY_WEIGHT = {
    "ties-merging": {"points": 4},
    "dare": {"points": 4},
    "iso-c": {"points": 4},
    "tsv-merge": {"points": 4},
    "wudi": {"points": 4, "iterations": 20},
    "fisher-merging": {"n_examples": 8},
    "regmean": {"n_examples": 16},
    "regmean++": {"n_examples": 16},
    "pretrained": {},
    "experts": {},
}
"""Learners that go through the weights themselves, the same for models of any size."""


def members(problem, method, options):
    """The models of a set fitted with seed 0."""
    found = fr.make_learner(method, **options).fit(problem, GRID, fr.Context(seed=0))
    return [params for _, _, params in found.members(GRID)]


@pytest.mark.parametrize("method", [*BANKED, *BY_WEIGHT])
def test_models_of_both_paths_are_equal_but_for_rounding(method, tiny, monkeypatch):
    options, made = (BANKED | BY_WEIGHT)[method], []
    small = members(tiny, method, options)
    init = ExpertBank.__init__

    def watched(bank, *of, **named):
        made.append(bank)
        init(bank, *of, **named)

    monkeypatch.setattr(ExpertBank, "__init__", watched)
    monkeypatch.setattr(task_vectors, "LARGEST_FLAT", 0)
    large = members(tiny, method, options)
    assert bool(made) == (method in BANKED)
    torch.testing.assert_close(large, small, atol=2e-5, rtol=1e-4)
    assert any(not torch.equal(one, tiny.pretrained[name]) for params in large for name, one in params.items()) == (
        method != "pretrained"
    )


def test_every_learner_that_makes_banks_is_tested():
    trained = {
        *("ls", "epo", "stch", "pmtl", "pmgda", "ferero", "mgda", "imtl-g", "cagrad", "nash-mtl", "fairgrad", "upgrad"),
        *("multi-task", "phn-ls", "phn-epo", "phn-hvi", "pamal", "palora", "cosmos"),
    }
    shipped = {name for name, entry in METHODS.entries().items() if isinstance(entry.target, str)}
    assert {*BANKED, *BY_WEIGHT, *trained} == shipped
