import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.whole_set.annealed_preferences import annealed_dirichlet, annealed_lattice
from frontrunner.methods.whole_set.task_adapters import AdaptedWeights, TaskAdapters

GRID = fr.simplex_grid(3, 3)


def adapters(*shape, rank=2, speed=1.0):
    return TaskAdapters(shape, rank, 3, scaling=0.5, speed=speed, generator=torch.Generator().manual_seed(0))


def test_it_starts_at_the_pretrained_model(tiny):
    untrained = fr.make_learner("palora").untrained(tiny, torch.Generator().manual_seed(0))
    for preference in GRID:
        for name, tensor in untrained.solve(preference).items():
            torch.testing.assert_close(tensor, tiny.pretrained[name])


def test_vectors_are_shared_and_matrices_differ_by_low_rank(tiny):
    found = fr.make_learner("palora", steps=20, batch_size=8, lr=1e-2, rank=1).fit(tiny, GRID, fr.Context())
    one, other = found.solve([1, 0, 0]), found.solve([0, 0, 1])
    ranks = set()
    for name, _ in tiny.model.named_parameters():
        if one[name].ndim == 1:
            torch.testing.assert_close(one[name], other[name], rtol=0, atol=0)
            assert not torch.equal(one[name], tiny.pretrained[name])
        else:
            change = (one[name] - other[name]).double().flatten(1)
            ranks.add(int(torch.linalg.matrix_rank(change, rtol=1e-4)))
    assert ranks <= {0, 1, 2}  # B_1 A_1 - B_3 A_3
    assert max(ranks) == 2


def test_answers_between_tasks_are_interpolated(tiny):
    found = fr.make_learner("palora", steps=20, batch_size=8, lr=1e-2).fit(tiny, GRID, fr.Context())
    corners = [found.solve(corner) for corner in np.eye(3)]
    between = found.solve([0.2, 0.3, 0.5])
    for name, tensor in between.items():
        if tensor.is_floating_point():
            expected = 0.2 * corners[0][name] + 0.3 * corners[1][name] + 0.5 * corners[2][name]
            torch.testing.assert_close(tensor, expected, rtol=1e-4, atol=1e-5)


def test_adapters_learn_as_if_at_a_multiple_of_the_learning_rate():
    """Adam's first step moves every entry by its learning rate; B first, since A has no gradient while B is 0."""
    moved = {}
    for speed in (1.0, 3.0):
        made = adapters(4, 5, speed=speed).double()
        optimizer = torch.optim.Adam(made.parameters(), lr=1e-3, eps=1e-12)
        before = made.left.detach() * speed
        made(torch.ones(3).double() / 3).sum().backward()
        optimizer.step()
        moved[speed] = made.left.detach() * speed - before
    torch.testing.assert_close(moved[3.0], 3 * moved[1.0])
    torch.testing.assert_close(moved[1.0].abs(), torch.full_like(moved[1.0], 1e-3))


@pytest.mark.parametrize("shape", [(), (3,), (4, 5), (2, 3, 3), (6, 2, 3, 3), (2, 1, 1, 7), (0, 4)])
def test_every_shape_has_adapters(shape):
    size = torch.Size(shape).numel()
    assert adapters(*shape)(torch.ones(3) / 3).shape == (size,)


def test_adapted_weights_leave_the_others_alone():
    network = AdaptedWeights(torch.arange(10.0), [adapters(2, 2), adapters(3)], [slice(1, 5), slice(6, 9)])
    with torch.no_grad():
        for adapter in network.adapters:
            adapter.left.fill_(1.0)
    found = network(torch.tensor([1.0, 0, 0])).detach()
    changed = (found != torch.arange(10.0)).nonzero().flatten().tolist()
    assert changed == [1, 2, 3, 4, 6, 7, 8]


def test_drawn_preferences_end_near_single_tasks():
    rng = np.random.default_rng(0)
    early, late = (annealed_dirichlet(3, 2000, 1.0, time, rng).max(axis=1).mean() for time in (0.0, 1.0))
    assert early == pytest.approx(11 / 18, abs=0.02)  # the largest of three uniform shares
    assert late > 0.98


@pytest.mark.parametrize(("n_tasks", "samples", "points"), [(2, 5, 5), (3, 6, 6), (3, 7, 10), (8, 2, 8)])
def test_evenly_spaced_preferences_start_equal_and_move_apart(n_tasks, samples, points):
    start, end = (annealed_lattice(n_tasks, samples, time) for time in (0.0, 1.0))
    assert len(start) == points
    np.testing.assert_allclose(start, 1 / n_tasks)
    assert end.max() > 0.99
    np.testing.assert_allclose(end.sum(axis=1), 1)


def test_evenly_spaced_preferences_are_two_at_least(tiny):
    learner = fr.make_learner("palora", sampling="even", batch_size=4)
    preferences, _ = next(learner.draws(tiny, fr.Context()))
    np.testing.assert_allclose(preferences, np.full((3, 3), 1 / 3))


@pytest.mark.parametrize("more", [{}, {"sampling": "even", "samples": 6}])
def test_its_front_is_near_the_known_one(more):
    problem, grid = fr.load_problem("convex-toy"), fr.simplex_grid(2, 9)
    found = fr.make_learner("palora", steps=400, lr=0.02, **more).fit(problem, grid, fr.Context())
    front = fr.evaluate(problem, found, grid, "test")
    true = fr.Front(problem.pareto_front)
    share = [fr.hypervolume(each, problem.reference_point).value for each in (front, true)]
    assert share[0] > 0.9 * share[1]
    assert np.corrcoef(grid[:, 0], front.objectives[:, 0])[0, 1] < -0.9
