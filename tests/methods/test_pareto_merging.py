import numpy as np
import pytest
import torch

import frontrunner as fr

GRID = fr.simplex_grid(3, 3)


def untrained(problem, **options):
    return fr.make_learner("pareto-merging", **options).untrained(problem, torch.Generator().manual_seed(0))


def test_it_starts_at_task_arithmetic(tiny):
    conditioned = untrained(tiny, base_coefficient=0.4)
    arithmetic = fr.make_learner("task-arithmetic", points=2, max_lambda=0.4).fit(tiny, GRID, fr.Context())
    (_, _, expected) = list(arithmetic.members(GRID))[-1]
    for preference in GRID:
        answer = conditioned.solve(preference)
        assert answer.keys() == tiny.pretrained.keys()
        for name, tensor in expected.items():
            torch.testing.assert_close(answer[name], tensor, atol=1e-6, rtol=0)


def test_shifts_of_matrices_have_the_rank_and_depend_on_the_preference(tiny):
    start = untrained(tiny)
    trained = fr.make_learner("pareto-merging", rank=2, lr=0.01).fit(tiny, GRID, fr.Context())
    answers = [trained.solve(row) for row in np.eye(3)]
    base = start.solve(GRID[0])
    for name, parameter in tiny.model.named_parameters():
        shifts = [answer[name] - base[name] for answer in answers]
        assert not torch.allclose(shifts[0], shifts[1], atol=1e-6)
        if parameter.ndim == 2:
            assert all(torch.linalg.matrix_rank(shift, atol=1e-5) == 2 for shift in shifts)


def test_answers_are_linear_in_the_preference(tiny):
    trained = fr.make_learner("pareto-merging", lr=0.01).fit(tiny, GRID, fr.Context())
    corners = [trained.solve(row) for row in np.eye(3)]
    between = trained.solve([0.2, 0.3, 0.5])
    for name, _ in tiny.model.named_parameters():
        expected = 0.2 * corners[0][name] + 0.3 * corners[1][name] + 0.5 * corners[2][name]
        torch.testing.assert_close(between[name], expected, atol=1e-5, rtol=0)


def test_convolutions_are_flattened_and_keep_their_shape():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 2), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = fr.Examples(torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 5)
    problem = fr.ClassificationProblem(
        name="convolution",
        tasks=["a", "b"],
        model=model,
        pretrained=weights,
        experts=[{name: tensor.clone() for name, tensor in weights.items()} for _ in range(2)],
        heads=[torch.nn.Identity()] * 2,
        data=[{"train": images}] * 2,
        budget=fr.Budget(steps=3, batch_size=4, lr=0.01),
    )
    trained = fr.make_learner("pareto-merging", rank=1).fit(problem, fr.simplex_grid(2, 2), fr.Context())
    shift = trained.solve([0.5, 0.5])["0.weight"] - weights["0.weight"]
    assert shift.shape == (5, 3, 2, 2)
    assert torch.linalg.matrix_rank(shift.flatten(1), atol=1e-6) == 1


def test_it_follows_the_preference_where_the_optimum_is_known(make_points):
    trained = fr.make_learner("pareto-merging").fit(make_points(steps=500, lr=0.02), GRID, fr.Context())
    for preference in GRID:
        np.testing.assert_allclose(trained.solve(preference)["x"].numpy(), preference, atol=0.01)


def test_training_lowers_the_scalarized_loss(make_tiny):
    problem = make_tiny(steps=200)
    trained = fr.make_learner("pareto-merging", lr=0.01).fit(problem, GRID, fr.Context())

    def scalarized(pareto_set):
        return sum(r @ problem.evaluate(pareto_set.solve(r), "train").loss for r in GRID)

    assert scalarized(trained) < scalarized(untrained(problem)) - 0.1


def test_every_factor_is_trained_and_counted(tiny):
    rank = 2
    trained = fr.make_learner("pareto-merging", rank=rank, lr=0.01).fit(tiny, GRID, fr.Context())
    expected = sum(
        rank * (p.shape[0] + p.shape[1]) + 3 * rank * rank if p.ndim == 2 else 3 * p.numel()
        for p in tiny.model.parameters()
    )
    assert trained.trainable_parameters == expected
    assert trained.total_parameters == tiny.model_parameters + expected
    start = fr.make_learner("pareto-merging", rank=rank).untrained(tiny, fr.Context().generator("network"))
    after = trained.state()
    assert all(not torch.equal(tensor, after[name]) for name, tensor in start.state().items())


def test_a_rank_of_0_is_refused():
    with pytest.raises(fr.ConfigError, match="rank must be positive, found 0"):
        fr.make_learner("pareto-merging", rank=0)
