import numpy as np
import pytest
import torch

import frontrunner as fr

GRID = fr.simplex_grid(3, 3)


def untrained(problem, **options):
    return fr.make_learner("pamal", **options).untrained(problem, torch.Generator())


def test_it_starts_at_the_pretrained_model(tiny):
    manifold = untrained(tiny)
    for preference in GRID:
        answer = manifold.solve(preference)
        for name, tensor in tiny.pretrained.items():
            torch.testing.assert_close(answer[name], tensor, atol=1e-6, rtol=0)


def test_from_the_experts_it_starts_as_interpolation(tiny):
    manifold = untrained(tiny, start="experts")
    interpolation = fr.make_learner("interpolation").fit(tiny, GRID, fr.Context())
    for preference in np.random.default_rng(0).dirichlet(np.ones(3), size=5):
        expected = interpolation.solve(preference)
        answer = manifold.solve(preference)
        for name, _ in tiny.model.named_parameters():
            torch.testing.assert_close(answer[name], expected[name], atol=1e-6, rtol=0)
        assert torch.equal(answer["norm.running_var"], tiny.pretrained["norm.running_var"])


def test_answers_are_linear_in_the_preference(tiny):
    manifold = fr.make_learner("pamal").fit(tiny, GRID, fr.Context())
    corners = [manifold.solve(row)["embed.weight"] for row in np.eye(3)]
    assert not torch.equal(corners[0], corners[1])
    between = manifold.solve([0.2, 0.3, 0.5])["embed.weight"]
    torch.testing.assert_close(between, 0.2 * corners[0] + 0.3 * corners[1] + 0.5 * corners[2], atol=1e-6, rtol=0)


@pytest.mark.parametrize("options", [{}, {"start": "experts"}, {"samples": 3}], ids=str)
def test_it_follows_the_preference_where_the_optimum_is_known(options, make_points):
    manifold = fr.make_learner("pamal", **options).fit(make_points(steps=500, lr=0.02), GRID, fr.Context())
    for preference in GRID:
        np.testing.assert_allclose(manifold.solve(preference)["x"].numpy(), preference, atol=0.01)


def test_a_step_of_several_samples_follows_their_mean(tiny):
    learner = fr.make_learner("pamal", samples=3)
    manifold = learner.untrained(tiny, torch.Generator())
    preferences, batch = next(learner.draws(tiny, fr.Context()))
    assert preferences.shape == (3, 3)
    learner.step(manifold, learner.scalarization(), (preferences, batch))
    loss = sum(torch.from_numpy(r).float() @ manifold.losses(r, batch) for r in preferences) / 3
    (expected,) = torch.autograd.grad(loss, [manifold.network.models])
    torch.testing.assert_close(manifold.network.models.grad, expected, atol=1e-6, rtol=1e-4)


def test_t_models_and_one_model_s_buffers_are_counted(tiny):
    manifold = untrained(tiny)
    weights = sum(parameter.numel() for parameter in tiny.model.parameters())
    assert manifold.trainable_parameters == 3 * weights
    assert manifold.total_parameters == 3 * weights + tiny.model_parameters - weights


def test_an_unknown_start_is_refused():
    with pytest.raises(fr.ConfigError, match="start must be one of pretrained, experts, found 'zero'"):
        fr.make_learner("pamal", start="zero")
