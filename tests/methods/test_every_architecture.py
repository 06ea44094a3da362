"""Every registered learner on every kind of architecture: two steps, a front, and the pre-trained model left alone."""

import functools

import numpy as np
import pytest
import torch
from ordinary_models import MASKED, MODELS, ordinary_problem, problem_of, tiny_bert
from thinned import thinned
from torch import nn

import frontrunner as fr

ARCHITECTURES = ("vit", "resnet", "convnext", "mobilenet", "deep lstm", "gru", "gpt2", "bert", "llama")
GRID = fr.simplex_grid(2, 2)
QUICK = {
    "steps": 2,
    "batch_size": 4,
    "n_examples": 4,
    "samples": 2,
    "upscale": "auto",
    "hidden_size": 4,
    "evaluations": 7,
    "population": 4,
    "generations": 2,
    "points": 3,
}
"""Where a learner has such options."""


def quick(method):
    known = fr.make_learner(method).config
    return fr.make_learner(method, **{name: value for name, value in QUICK.items() if hasattr(known, name)})


@functools.cache
def problem_on(name):
    if name == "bert":  # inputs are a mapping of tokens and their mask
        return problem_of(tiny_bert, MASKED, n=8)
    return ordinary_problem(name, n=8)


@pytest.mark.parametrize(("name", "method"), thinned(ARCHITECTURES, fr.list_methods(), every=3))
def test_it_learns_a_finite_front_and_says_which_layers_it_reached(name, method):
    problem, learner = problem_on(name), quick(method)
    before = {key: tensor.clone() for key, tensor in problem.pretrained.items()}
    learner.check_model(problem.model, problem.n_tasks)
    learner.check(problem)
    found = learner.fit(problem, GRID, fr.Context())
    members = [params for _, _, params in found.members(GRID)]
    assert members
    for params in members:
        assert problem.evaluate(params, "test").finite
        assert list(params) == list(before)
        assert all(params[key].shape == tensor.shape for key, tensor in before.items())
        assert all((params[key] >= 0).all() for key in problem.never_negative)
    assert all(torch.equal(problem.pretrained[key], tensor) for key, tensor in before.items())
    assert all(np.isfinite(value) for value in found.diagnostics().values())


REACHED = {
    # all layers that hold weights; of them: solved by RegMean, up-scaled by `auto`
    "vit": (16, 6, 4),
    "resnet": (27, 1, 27),
    "convnext": (16, 5, 4),
    "mobilenet": (15, 1, 15),
    "deep lstm": (4, 2, 2),
    "gru": (4, 2, 2),
    "gpt2": (15, 8, 4),
    "bert": (13, 7, 2),
    "llama": (11, 7, 3),
}


@pytest.mark.parametrize("name", REACHED)
def test_what_no_rule_reached_is_counted(name):
    """Nothing falls back to averaging, or stays fixed, unseen."""
    problem = problem_on(name)
    layers, solved, upscaled = REACHED[name]
    found = quick("regmean").fit(problem, GRID, fr.Context()).diagnostics()
    assert (found["regmean_solved_layers"], found["regmean_averaged_layers"]) == (solved, layers - solved)
    found = quick("pwe-moe-ls").fit(problem, GRID, fr.Context()).diagnostics()
    assert (found["upscaled_layers"], found["fixed_layers"]) == (upscaled, layers - upscaled)


class Alone(nn.Module):
    """A recurrent module, and nothing else."""

    def __init__(self, kind):
        super().__init__()
        self.cell = kind(3, 4, batch_first=True)


class Scales(nn.Module):
    """A matrix without a bias."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4, bias=False)


@pytest.mark.parametrize(
    ("method", "make", "error", "said"),
    [
        ("regmean", lambda: Alone(nn.LSTM), fr.UnsupportedError, "linear layers.* found none in Alone"),
        ("regmean", lambda: Alone(nn.GRU), fr.UnsupportedError, "linear layers.* found none in Alone"),
        ("regmean", lambda: nn.Conv2d(3, 4, 3), fr.UnsupportedError, "linear layers.* found none in Conv2d"),
        ("cosmos", Scales, fr.UnsupportedError, "weights that are vectors.* Scales has none"),
        ("pwe-moe-ls", lambda: Alone(nn.LSTM), fr.ConfigError, r"'mlp' \(the default\) selects no .* Alone.*'auto'"),
        ("pwe-moe-epo", MODELS["resnet"][0], fr.ConfigError, r"'mlp' \(the default\) selects no .*'auto'"),
        ("map", Scales, fr.ConfigError, "evaluations must be 45 or more"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_the_architecture_alone(method, make, error, said):
    """No weight has a value yet, so no expert can have been prepared."""
    with torch.device("meta"):
        model = make()
    options = {"evaluations": 3} if method == "map" else {}
    learner = fr.make_learner(method, **options)
    with pytest.raises(error, match=said):
        learner.check_model(model, 8)


def test_a_problem_without_classes_is_refused_before_the_fit():
    problem = fr.load_problem("convex-toy")
    with pytest.raises(fr.UnsupportedError, match="convex-toy predicts no classes, which fisher-merging needs"):
        fr.make_learner("fisher-merging").check(problem)


def test_a_hypernetwork_too_large_for_memory_is_refused_before_the_fit(monkeypatch):
    monkeypatch.setattr("frontrunner.methods.whole_set.hypernetwork.available_bytes", lambda device: 1000)
    with pytest.raises(fr.ConfigError, match=r"would train .* numbers"):
        fr.make_learner("phn-ls").check(problem_on("vit"))
