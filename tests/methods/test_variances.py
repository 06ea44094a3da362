"""Extrapolated merges leave running variances at 0 or above."""

import dataclasses

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods import METHODS
from frontrunner.methods.flat_weights import FlatWeights
from frontrunner.methods.task_vectors import ModelMerger
from frontrunner.testing import tiny_problem

GRID = fr.simplex_grid(3, 3)


@pytest.fixture
def shrunk():
    """Experts whose variances are a quarter of the pre-trained model's: twice their sum is below zero."""
    tiny = tiny_problem()
    variance = tiny.pretrained["norm.running_var"]
    for expert in tiny.experts:
        expert["norm.running_var"] = 0.25 * variance
        expert["norm.running_mean"] = tiny.pretrained["norm.running_mean"] - 1
    return tiny


@pytest.mark.parametrize("coefficients", [[1, 1, 1], [2, 0, 0], [4, -1, -1], [-1, 3, 0]])
def test_a_merge_clamps_variances_and_nothing_else(shrunk, coefficients):
    merged = ModelMerger(shrunk)(coefficients)
    for name, weight in merged.items():
        if weight.is_floating_point():
            base = shrunk.pretrained[name]
            exact = base + sum(
                c * (expert[name] - base) for c, expert in zip(coefficients, shrunk.experts, strict=True)
            )
            torch.testing.assert_close(weight, exact.clamp(min=0) if name == "norm.running_var" else exact)
    assert (merged["norm.running_mean"] < 0).all()
    assert np.isfinite(shrunk.evaluate(merged, "test").loss).all()


def test_a_variance_between_the_models_is_left_as_it_is(shrunk):
    merged = ModelMerger(shrunk)([0.5, 0.25, 0.25])
    torch.testing.assert_close(merged["norm.running_var"], 0.25 * shrunk.pretrained["norm.running_var"])


EXTRAPOLATING = [
    {"method": "task-arithmetic", "max_lambda": 2.0},
    {"method": "ties-merging", "max_lambda": 2.0, "keep": 1.0},
    {"method": "ties-merging", "conditioned": True, "coefficient": 4.0, "keep": 1.0},
    {"method": "dare", "max_lambda": 2.0},
    {"method": "dare", "conditioned": True, "coefficient": 4.0},
    {"method": "iso-c", "max_lambda": 4.0},
    {"method": "tsv-merge", "conditioned": True, "coefficient": 8.0},
    {"method": "adamerging", "initial": 1.0},
    {"method": "wudi", "max_lambda": 4.0, "others": "average", "iterations": 5},
    {"method": "pwe-moe-ls", "upscale": "all", "init_lambda": 1.0},
    {"method": "pwe-moe-epo", "upscale": "model", "init_lambda": 1.0},
    {"method": "pwe-moe-ls", "init_lambda": 1.5},
    {"method": "pareto-merging", "base_coefficient": 1.5},
    {"method": "layerwise-interpolation", "lr": 0.5, "validate": False},
    {"method": "nsga2-merge", "max_coefficient": 2.0, "population": 6, "generations": 2},
    {"method": "mobo-merge", "max_coefficient": 2.0, "min_coefficient": -1.0, "evaluations": 10},
    {"method": "random-merge", "max_coefficient": 2.0, "evaluations": 10},
    {"method": "map", "max_coefficient": 2.0, "population": 6, "generations": 3},
]


@pytest.mark.parametrize("options", EXTRAPOLATING, ids=lambda options: options["method"])
def test_no_answer_of_a_learner_that_extrapolates_has_a_negative_variance(shrunk, options):
    known = {field.name for field in dataclasses.fields(METHODS.get(options["method"]).Config)}
    quick = {"steps": 10, "batch_size": 4} | options
    learner = fr.make_learner(options["method"], **{name: value for name, value in quick.items() if name in known})
    pareto_set = learner.fit(shrunk, GRID, fr.Context(seed=0))
    for _, _, params in pareto_set.members(GRID):
        assert (params["norm.running_var"] >= 0).all()
        assert np.isfinite(shrunk.evaluate(params, "test").loss).all()


class Statistics(torch.nn.Module):
    """Buffers under the names that variances have elsewhere, and some that may be negative."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2))
        self.gate_var = torch.nn.Parameter(torch.ones(2))
        for name in ("running_var", "moving_variance", "running_std", "running_mean", "log_var", "covariate"):
            self.register_buffer(name, torch.ones(2))

    def forward(self, inputs):
        return inputs * self.weight


def test_variances_are_told_by_name_and_by_what_they_hold():
    pretrained = {name: tensor.clone() for name, tensor in Statistics().state_dict().items()}
    expert = {name: tensor + 1 for name, tensor in pretrained.items()} | {"log_var": torch.tensor([-1.0, 1.0])}
    problem = fr.ClassificationProblem(
        name="statistics",
        tasks=["a"],
        model=Statistics(),
        pretrained=pretrained,
        experts=[expert],
        budget=fr.Budget(steps=1, batch_size=1),
        data=[{"train": fr.Examples(torch.ones(1, 2), torch.zeros(1, dtype=torch.long))}],
        heads=[torch.nn.Identity()],
    )
    assert problem.never_negative == {"running_var", "moving_variance", "running_std"}
    weights = FlatWeights(problem, pretrained)
    named = weights.named(torch.full((weights.size,), -1.0))
    assert sorted(name for name, weight in named.items() if (weight == 0).all()) == sorted(problem.never_negative)
