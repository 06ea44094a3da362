"""DARE: what is dropped, that the rest is rescaled, and that without dropping it is what it builds on."""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.merging.dropped_vectors import DroppedVectors
from frontrunner.methods.merging.task_vectors_by_weight import TaskVectorsByWeight

GRID = fr.simplex_grid(3, 3)
WEIGHT = "blocks.0.attn.weight"


def fit(problem, seed=0, method="dare", **options):
    return fr.make_learner(method, **options).fit(problem, GRID, fr.Context(seed=seed))


def models(problem, **options):
    return [params for _, _, params in fit(problem, **options).members(GRID)]


def dropped(problem, drop, seed=0):
    return DroppedVectors(TaskVectorsByWeight(problem), drop, fr.Context(seed=seed))


@pytest.mark.parametrize(
    ("then", "same"),
    [("task-arithmetic", {"method": "task-arithmetic"}), ("ties-merging", {"method": "ties-merging", "merge": "mean"})],
)
def test_where_nothing_is_dropped_it_is_what_it_builds_on(tiny, then, same):
    torch.testing.assert_close(models(tiny, drop=0.0, then=then), models(tiny, **same))


@pytest.mark.parametrize("drop", [0.2, 0.5, 0.9])
def test_entries_are_dropped_or_divided_by_the_share_that_stays(tiny, drop):
    whole, left = TaskVectorsByWeight(tiny), dropped(tiny, drop)
    names = [name for name, _ in tiny.model.named_parameters()]
    before, after = (torch.cat([vectors.of(name).flatten() for name in names]) for vectors in (whole, left))
    stays = after != 0
    torch.testing.assert_close(after[stays], before[stays] / (1 - drop))
    assert float((~stays).float().mean()) == pytest.approx(drop, abs=0.06)


def test_tasks_and_weights_lose_entries_of_their_own(tiny):
    left = dropped(tiny, 0.5)
    patterns = [tuple((left.one(t, name) != 0).tolist()) for t in range(3) for name in (WEIGHT, "blocks.1.attn.weight")]
    assert len(set(patterns)) == 6


def test_what_is_dropped_depends_on_the_seed_alone(tiny, permuted):
    assert torch.equal(dropped(tiny, 0.5).of(WEIGHT), dropped(tiny, 0.5).of(WEIGHT))
    assert not torch.equal(dropped(tiny, 0.5).of(WEIGHT), dropped(tiny, 0.5, seed=1).of(WEIGHT))
    order = [2, 0, 1]
    assert torch.equal(dropped(permuted(tiny, order), 0.5).of(WEIGHT), dropped(tiny, 0.5).of(WEIGHT)[order])


def test_running_statistics_lose_nothing(tiny):
    for expert in tiny.experts:
        expert["norm.running_mean"] += 0.5
    torch.testing.assert_close(dropped(tiny, 0.9).of("norm.running_mean"), torch.full((3, 6), 0.5))


def test_the_expectation_is_the_task_vector(tiny):
    whole = TaskVectorsByWeight(tiny).of(WEIGHT)
    mean = torch.stack([dropped(tiny, 0.5, seed).of(WEIGHT) for seed in range(300)]).mean(dim=0)
    # A mean of 300 has a standard deviation of |entry| / sqrt(300).
    assert ((mean - whole).abs() <= 5 * whole.abs() / np.sqrt(300)).all()


@pytest.mark.parametrize("drop", [-0.1, 1.0])
def test_a_probability_that_drops_everything_is_refused(drop):
    with pytest.raises(fr.ConfigError, match="drop must be in"):
        fr.make_learner("dare", drop=drop)
