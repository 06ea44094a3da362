"""Closed forms of the learners that only combine experts."""

import numpy as np
import pytest
import torch

import frontrunner as fr

GRID = np.eye(3)


def assert_same(first, second, atol=1e-6):
    for name in first:
        torch.testing.assert_close(first[name], second[name], atol=atol, rtol=0)


def test_pretrained_answers_every_preference_with_the_pretrained_model(tiny):
    pareto_set = fr.make_learner("pretrained").fit(tiny, GRID, fr.Context())
    assert_same(pareto_set.solve([0.2, 0.3, 0.5]), tiny.pretrained, atol=0)


def test_experts_hold_the_unit_vectors_only(tiny):
    pareto_set = fr.make_learner("experts").fit(tiny, GRID, fr.Context())
    assert_same(pareto_set.solve([0, 1, 0]), tiny.experts[1], atol=0)
    with pytest.raises(fr.PreferenceError, match="holds 3 preferences"):
        pareto_set.solve([0.5, 0.5, 0])


def test_interpolation_is_exact_at_the_corners_and_linear_between(tiny):
    pareto_set = fr.make_learner("interpolation").fit(tiny, GRID, fr.Context())
    for t, expert in enumerate(tiny.experts):
        assert_same(pareto_set.solve(np.eye(3)[t]), expert)
    middle = pareto_set.solve([0.25, 0.75, 0])
    expected = {
        name: 0.25 * tiny.experts[0][name] + 0.75 * tiny.experts[1][name] if tensor.is_floating_point() else tensor
        for name, tensor in tiny.pretrained.items()
    }
    assert_same(middle, expected)


def test_weight_averaging_is_the_mean_and_task_arithmetic_at_one_over_t(tiny):
    mean = fr.make_learner("weight-averaging").fit(tiny, GRID, fr.Context()).solve([1, 0, 0])
    weight = "blocks.1.attn.weight"
    torch.testing.assert_close(mean[weight], torch.stack([e[weight] for e in tiny.experts]).mean(dim=0))
    curve = fr.make_learner("task-arithmetic", points=2, max_lambda=1 / 3).fit(tiny, GRID, fr.Context())
    assert_same([params for _, _, params in curve.members(GRID)][-1], mean)


def test_task_arithmetic_runs_from_pretrained_to_the_full_sum(tiny):
    members = [
        params
        for _, _, params in fr.make_learner("task-arithmetic", points=3).fit(tiny, GRID, fr.Context()).members(GRID)
    ]
    assert_same(members[0], tiny.pretrained)
    weight = "embed.weight"
    start = tiny.pretrained[weight]
    total = start + sum(expert[weight] - start for expert in tiny.experts)
    torch.testing.assert_close(members[2][weight], total)
    torch.testing.assert_close(members[1][weight], (start + total) / 2)


def test_a_curve_stands_for_no_preference(tiny):
    curve = fr.make_learner("task-arithmetic").fit(tiny, GRID, fr.Context())
    assert fr.evaluate(tiny, curve, GRID).preferences is None
    with pytest.raises(fr.PreferenceError, match="stand for no preference"):
        curve.solve([1, 0, 0])


def test_counters_and_masks_are_not_merged(tiny):
    counter = "norm.num_batches_tracked"
    assert not tiny.pretrained[counter].is_floating_point()
    merged = fr.make_learner("weight-averaging").fit(tiny, GRID, fr.Context()).solve([1, 0, 0])
    assert torch.equal(merged[counter], tiny.pretrained[counter])
