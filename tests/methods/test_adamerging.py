"""AdaMerging: entropies, their gradient, what is looked at, and where coefficients begin and stay."""

import math

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.merging.adamerging import _descend, entropy
from frontrunner.methods.whole_set.upscale_rules import weights_of_tensors
from frontrunner.methods.whole_set.upscaling import UpscaledModel

GRID = fr.simplex_grid(3, 3)
QUICK = {"steps": 30, "batch_size": 8, "lr": 1e-2}


def fit(problem, **options):
    return fr.make_learner("adamerging", **{**QUICK, **options}).fit(problem, GRID, fr.Context())


def uncertainty(problem, params, split="val"):
    """The sum over tasks of the mean entropy on a whole split."""
    with torch.no_grad():
        logits = [torch.cat([found for found, _ in problem.logits(t, params, split)]) for t in range(problem.n_tasks)]
    return sum(float(entropy(found.log_softmax(dim=1))) for found in logits)


def test_entropy_is_that_of_the_predictions():
    assert float(entropy(torch.zeros(5, 4).log_softmax(dim=1))) == pytest.approx(math.log(4))
    assert float(entropy(torch.tensor([[90.0, 0.0]]).log_softmax(dim=1))) == pytest.approx(0, abs=1e-6)
    halves = torch.tensor([[0.5, 0.5, 1e-30], [1.0, 1e-30, 1e-30]]).log()
    assert float(entropy(halves)) == pytest.approx(math.log(2) / 2)


def test_the_gradient_is_that_of_the_sum_of_entropies(tiny):
    model = UpscaledModel(tiny, weights_of_tensors(tiny), rest_coefficient=0.0)
    raw = torch.full((len(model.parts), 3), 0.3).requires_grad_()
    batch = next(tiny.batches("val", 8, torch.Generator().manual_seed(0)))
    merged = model.merge(raw)
    total = sum(entropy(tiny.log_probabilities(t, merged, batch)) for t in range(3))
    (expected,) = torch.autograd.grad(total, raw)
    assert float(_descend(tiny, model, raw, batch)) == pytest.approx(float(total.detach()), rel=1e-5)
    torch.testing.assert_close(raw.grad, expected)


def task_arithmetic(problem, value):
    found = fr.make_learner("task-arithmetic", points=2, max_lambda=value).fit(problem, GRID, fr.Context())
    *_, (_, _, last) = found.members(GRID)
    return last


@pytest.mark.parametrize("coefficients", ["tensors", "model"])
def test_training_makes_predictions_surer(tiny, coefficients):
    found = fit(tiny, coefficients=coefficients).solve([1, 0, 0])
    assert uncertainty(tiny, found) < uncertainty(tiny, task_arithmetic(tiny, 0.3)) - 0.05


@pytest.mark.parametrize("coefficients", ["tensors", "model"])
def test_it_starts_at_task_arithmetic(tiny, coefficients):
    found = fit(tiny, coefficients=coefficients, steps=1, lr=1e-9, initial=0.4).solve([1, 0, 0])
    for name, tensor in task_arithmetic(tiny, 0.4).items():
        torch.testing.assert_close(found[name], tensor)


def test_coefficients_stay_within_0_and_1(tiny):
    found = fit(tiny, lr=0.3).merge_coefficients([1, 0, 0])
    values = np.stack(list(found.values()))
    assert values.min() == 0
    assert values.max() == 1


def test_each_weight_or_the_model_has_coefficients_of_its_own(tiny):
    by_weight, of_model = (
        fit(tiny, coefficients=coefficients).merge_coefficients([1, 0, 0]) for coefficients in ("tensors", "model")
    )
    assert list(by_weight) == list(weights_of_tensors(tiny))
    assert len(of_model) == 1
    assert len({tuple(row.round(5)) for row in by_weight.values()}) > 10


def test_labels_do_not_matter_and_are_not_declared(tiny):
    before = fit(tiny).state()["raw"]
    for splits in tiny.data:
        for examples in splits.values():
            examples.labels.copy_((examples.labels + 1) % 3)
    assert torch.equal(fit(tiny).state()["raw"], before)
    needs = [fr.make_learner("adamerging", steps=n, batch_size=8).needs(tiny, GRID) for n in (2, 500)]
    assert [need.unlabelled_examples for need in needs] == [48, 120]
    assert {need.labelled_examples for need in needs} == {0}


@pytest.mark.parametrize("split", ["val", "train"])
def test_the_test_split_stays_sealed(tiny, monkeypatch, split):
    batches, looks = tiny.batches, []

    def watched(looked_at, *more):
        looks.append(looked_at)
        return batches(looked_at, *more)

    monkeypatch.setattr(tiny, "batches", watched)
    monkeypatch.setattr(tiny, "evaluate", None)
    fit(tiny, split=split)
    assert looks == [split]


def test_the_test_split_is_no_choice():
    with pytest.raises(fr.ConfigError, match="split must be one of val, train, found 'test'"):
        fr.make_learner("adamerging", split="test")


def test_a_state_of_other_groups_is_refused(tiny):
    state = fit(tiny, coefficients="model").state()
    with pytest.raises(fr.ConfigError, match=r"expected raw coefficients of shape \(\d\d, 3\), found"):
        fr.make_learner("adamerging").restore(tiny, state, GRID, fr.Context())
