"""Iso-C and TSV-Merge: what they do to singular values and vectors, and to what is no matrix."""

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.methods.merging.iso_c import isotropic
from frontrunner.methods.merging.singular_values import nearest_orthonormal, singular_triplets
from frontrunner.methods.merging.tsv_merge import merge_singular_vectors

GRID = fr.simplex_grid(3, 3)
WEIGHT = "blocks.0.attn.weight"
METHODS = ["iso-c", "tsv-merge"]


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def at_one(problem, method, grid=GRID):
    """The model at lambda = 1."""
    *_, (_, label, last) = (
        fr.make_learner(method, points=2, max_lambda=1.0).fit(problem, grid, fr.Context()).members(grid)
    )
    assert label == "lambda = 1"
    return last


def vectors(problem, name):
    return torch.stack([expert[name] - problem.pretrained[name] for expert in problem.experts])


@pytest.mark.parametrize("shape", [(5, 5), (4, 9), (9, 4)])
def test_an_isotropic_matrix_has_equal_singular_values_with_the_same_sum_and_vectors(shape):
    matrix = drawn(*shape)
    flat = isotropic(matrix)
    before, after = torch.linalg.svdvals(matrix), torch.linalg.svdvals(flat)
    torch.testing.assert_close(after, before.mean().expand(min(shape)))
    u, s, vh = singular_triplets(matrix)
    torch.testing.assert_close(u.T @ flat @ vh.T, torch.diag(before.mean().expand(len(s))))


def test_directions_that_a_matrix_does_not_have_stay_out():
    u, v = drawn(6, 2), drawn(5, 2, seed=1)
    flat = isotropic(u @ v.T)
    torch.testing.assert_close(torch.linalg.svdvals(flat)[2:], torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(torch.linalg.svdvals(flat)[:2], torch.linalg.svdvals(u @ v.T).mean().expand(2))
    assert torch.equal(isotropic(torch.zeros(3, 4)), torch.zeros(3, 4))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (4, 4)])
def test_the_nearest_orthonormal_matrix_is_nearer_than_others(shape):
    matrix = drawn(*shape)
    nearest = nearest_orthonormal(matrix)
    short = nearest.T @ nearest if shape[0] >= shape[1] else nearest @ nearest.T
    torch.testing.assert_close(short, torch.eye(min(shape), dtype=torch.float64))
    for seed in range(20):
        other = nearest_orthonormal(matrix + 0.1 * drawn(*shape, seed=seed + 1))
        assert (nearest - matrix).norm() <= (other - matrix).norm()


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7)])
def test_tasks_in_orthogonal_subspaces_are_summed_at_their_leading_ranks(shape):
    left, right = (nearest_orthonormal(drawn(n, 6, seed=n)) for n in shape)
    values = torch.tensor([5.0, 4.0, 3.0, 2.0, 1.5, 1.0], dtype=torch.float64)
    own = [slice(0, 2), slice(2, 4), slice(4, 6)]
    tasks = torch.stack([left[:, part] * values[part] @ right[:, part].T for part in own])
    ones = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(merge_singular_vectors(tasks, ones), tasks.sum(dim=0))


def test_a_merge_has_the_tasks_leading_singular_values():
    tasks = drawn(3, 9, 7)
    kept = torch.linalg.svdvals(tasks)[:, :2].flatten().sort(descending=True).values
    merged = merge_singular_vectors(tasks, torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.svdvals(merged)[:6], kept)
    assert torch.linalg.svdvals(merged)[6] < 1e-12


def test_one_task_keeps_its_task_vector(make_tiny):
    problem = make_tiny(1)
    last = at_one(problem, "tsv-merge", np.ones((1, 1)))
    for name, tensor in problem.experts[0].items():
        torch.testing.assert_close(last[name], tensor, atol=1e-5, rtol=1e-4)


def test_equal_experts_are_merged_to_what_does_not_depend_on_rounding(tiny):
    for expert in tiny.experts[1:]:
        expert.update({name: tensor.clone() for name, tensor in tiny.experts[0].items()})
    u, s, vh = singular_triplets(vectors(tiny, WEIGHT)[0].double())
    # Each of three tasks brings the same two directions, of which one orthonormal third is left to each.
    expected = u[:, :2] * s[:2] @ vh[:2]
    found = at_one(tiny, "tsv-merge")[WEIGHT] - tiny.pretrained[WEIGHT]
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_matrix_is_averaged(tiny, method):
    tiny.experts[1]["norm.running_mean"] += 0.5
    merged = at_one(tiny, method)
    for name, tensor in merged.items():
        if tensor.is_floating_point():
            averaged = torch.allclose(tensor, tiny.pretrained[name] + vectors(tiny, name).mean(dim=0), atol=1e-5)
            assert averaged == (tensor.ndim != 2), name


@pytest.mark.parametrize("method", METHODS)
def test_layers_that_were_reached_are_counted(tiny, method):
    prefix = {"iso-c": "iso_c", "tsv-merge": "tsv"}[method]
    found = fr.make_learner(method).fit(tiny, GRID, fr.Context()).diagnostics()
    # Seven linear layers; the norm, and the model's own scale.
    assert found == {f"{prefix}_merged_layers": 7.0, f"{prefix}_averaged_layers": 2.0}


def test_a_matrix_without_room_for_every_task_is_averaged(make_tiny):
    problem = make_tiny(5)  # the first layer has four columns
    merged = at_one(problem, "tsv-merge", fr.simplex_grid(5, 2))
    name = "embed.weight"
    torch.testing.assert_close(merged[name], problem.pretrained[name] + vectors(problem, name).mean(dim=0))
    assert not torch.allclose(merged[WEIGHT], problem.pretrained[WEIGHT] + vectors(problem, WEIGHT).mean(dim=0))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [lambda: nn.Conv2d(3, 4, 3), lambda: nn.Linear(1, 4), lambda: nn.LayerNorm(3)])
def test_a_model_without_matrices_is_refused(method, make):
    with pytest.raises(fr.UnsupportedError, match="expected an architecture with weight matrices"):
        fr.make_learner(method).check_model(make(), 2)
