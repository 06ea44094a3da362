"""Learners train models as people bring them, with and without activation checkpointing."""

import functools

import numpy as np
import pytest
import torch
from ordinary_models import IMAGES, MODELS, checkpointed_vit, ordinary_problem, problem_of, tiny_vit
from thinned import thinned

import frontrunner as fr

GRID = fr.simplex_grid(2, 3)
QUICK = {"steps": 2, "batch_size": 4, "n_examples": 4}
LEARNERS = {
    "pwe-moe-ls": {"method": "pwe-moe-ls", "upscale": "all"},
    "pwe-moe-epo": {"method": "pwe-moe-epo", "upscale": "all"},
    "layerwise-interpolation": {"method": "layerwise-interpolation", "validate": False},
    **{name: {"method": name} for name in ("ls", "epo", "regmean", "fisher-merging")},
}
"""Those that look inside a model: at its gradients, at its modules or at what they read."""


def make(method, **options):
    known = fr.make_learner(method, **options).config
    return fr.make_learner(method, **options, **{k: v for k, v in QUICK.items() if hasattr(known, k)})


def trains_by_gradients(name):
    return hasattr(fr.make_learner(name).config, "lr")


TRAINED = [name for name in fr.list_methods() if trains_by_gradients(name)]


CASES = [
    case
    for case in thinned(list(LEARNERS), list(MODELS), every=3)
    if not (case.values[0] == "regmean" and case.values[1].startswith("gpt2"))  # its layers are transformers' own
]


@pytest.mark.parametrize(("learner", "name"), CASES)
def test_they_learn_a_front(learner, name):
    problem = ordinary_problem(name)
    made = make(**LEARNERS[learner])
    found = made.fit(problem, GRID, fr.Context())
    assert np.isfinite(fr.evaluate(problem, found, GRID).objectives).all()
    before = weights_before(made, problem)
    members = [params for _, _, params in found.members(GRID)]
    moved = [
        any(not torch.equal(params[name], start[name]) for name in problem.merged)
        for params, start in zip(members, before, strict=True)
    ]
    # Layer-wise interpolation ends in the experts, trained or not.
    assert moved[1:-1] == [True] * (len(GRID) - 2) if learner == "layerwise-interpolation" else all(moved)


def weights_before(made, problem):
    """The answers of the untrained set; the mean of the experts, or what a training starts from, for the others."""
    if hasattr(made, "untrained"):
        yield from (p for _, _, p in made.untrained(problem, torch.Generator().manual_seed(0)).members(GRID))
    elif hasattr(made.config, "lr"):
        yield from (problem.pretrained for _ in GRID)
    else:  # a corner is its expert
        for preference in GRID:
            mean = fr.make_learner("interpolation").fit(problem, GRID, fr.Context()).solve(preference)
            yield problem.pretrained if 1 in preference else mean


@functools.cache
def fitted(learner, form):
    models = {
        "plain": tiny_vit,
        "not reentrant": checkpointed_vit,
        "reentrant": functools.partial(checkpointed_vit, use_reentrant=True),
    }
    problem = problem_of(models[form], IMAGES)
    options = {"upscale": "all"} if learner.startswith("pwe") else {}
    found = make(learner, **options).fit(problem, GRID, fr.Context())
    return [params for _, _, params in found.members(GRID)], found.diagnostics(), problem


@pytest.mark.parametrize(
    ("learner", "form"), thinned([*TRAINED, "fisher-merging"], ["not reentrant", "reentrant"], every=2)
)
def test_a_checkpointed_model_learns_what_the_plain_one_learns(learner, form):
    members, diagnostics, problem = fitted(learner, form)
    expected, expected_diagnostics, _ = fitted(learner, "plain")
    assert len(members) == len(expected)
    for member, right in zip(members, expected, strict=True):
        for name in problem.pretrained:
            torch.testing.assert_close(member[name], right[name], atol=1e-6, rtol=1e-6)
    assert diagnostics == pytest.approx(expected_diagnostics, rel=1e-4)


def loop_over_tasks(problem, conditioned, preference, batch):
    """Losses and gradients in the network's parameters, by torch alone."""
    parameters = list(conditioned.network.parameters())
    for t in range(problem.n_tasks):
        weights = conditioned.weights_for(conditioned.as_input(preference))
        outputs = torch.func.functional_call(problem.model, weights, (batch[t].inputs,), tie_weights=False)
        loss = torch.nn.functional.cross_entropy(problem.heads[t](outputs), batch[t].labels)
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        zeros = [torch.zeros_like(parameter) for parameter in parameters]
        yield loss.detach(), torch.cat([(z if g is None else g).flatten() for g, z in zip(found, zeros, strict=True)])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("learner", ["pwe-moe-epo", "phn-epo"])
def test_gradients_of_what_is_trained_are_those_of_a_loop_over_tasks(learner, name):
    """In double precision, and with as many examples as the models have tokens."""
    options = {"upscale": "all"} if learner.startswith("pwe") else {}

    def drawn(name):
        problem = ordinary_problem(name, dtype=torch.float64)
        conditioned = make(learner, **options).untrained(problem, torch.Generator().manual_seed(0))
        batch = next(problem.batches("train", 4, torch.Generator().manual_seed(0)))
        return problem, conditioned, np.array([0.3, 0.7]), batch

    _, conditioned, preference, batch = drawn(name)
    losses, gradients = conditioned.task_gradients(preference, batch)
    expected = loop_over_tasks(*drawn("vit" if name.startswith("checkpointed") else name))
    for t, (loss, gradient) in enumerate(expected):
        torch.testing.assert_close(losses[t], loss, atol=1e-9, rtol=1e-9)
        torch.testing.assert_close(gradients[t], gradient, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(
    ("learner", "name", "expected"),
    [
        ("ls", "gpt2", 1),
        ("epo", "gpt2", 2),
        ("pwe-moe-ls", "lstm", 1),
        ("pwe-moe-epo", "vit", 1),
        ("pwe-moe-epo", "lstm", 2),
        ("pwe-moe-epo", "tokens first", 2),
        ("pamal", "vit", 1),
    ],
)
def test_a_fit_says_how_often_a_step_runs_the_model(learner, name, expected):
    options = {"upscale": "all"} if learner.startswith("pwe") else {}
    found = make(learner, **options).fit(ordinary_problem(name), GRID, fr.Context())
    assert found.diagnostics()["passes_per_step"] == expected


def test_a_problem_in_closed_form_has_no_passes_to_count():
    found = make("epo").fit(fr.load_problem("convex-toy"), GRID, fr.Context())
    assert "passes_per_step" not in found.diagnostics()
