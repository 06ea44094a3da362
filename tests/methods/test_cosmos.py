import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.whole_set.cosmos import CosineAligned

GRID = fr.simplex_grid(3, 3)


def untrained(problem, **options):
    return fr.make_learner("cosmos", **options).untrained(problem, torch.Generator())


def test_it_starts_at_the_pretrained_model(tiny):
    for preference in GRID:
        answer = untrained(tiny).solve(preference)
        assert all(torch.equal(answer[name], tensor) for name, tensor in tiny.pretrained.items())


def test_the_preference_moves_biases_linearly_and_nothing_else(tiny):
    trained = fr.make_learner("cosmos").fit(tiny, GRID, fr.Context())
    corners = [trained.solve(row) for row in np.eye(3)]
    between = trained.solve([0.2, 0.3, 0.5])
    for name, _ in tiny.model.named_parameters():
        assert not torch.equal(between[name], tiny.pretrained[name])  # all weights are trained
        assert torch.equal(corners[0][name], corners[1][name]) != name.endswith("bias")
        expected = 0.2 * corners[0][name] + 0.3 * corners[1][name] + 0.5 * corners[2][name]
        torch.testing.assert_close(between[name], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_the_penalty_turns_losses_towards_what_the_preference_wants(seed):
    """Descending along the cosine's part alone raises cos(losses, 1 / r), and lowers loss t where r_t is largest."""
    rng = np.random.default_rng(seed)
    preference, losses = rng.dirichlet(np.ones(3)), torch.from_numpy(rng.random(3) + 0.5)
    cosine_part = CosineAligned(penalty=2.0, min_preference=0.01).weights(losses, preference, None) - torch.from_numpy(
        preference
    )
    wanted = torch.from_numpy(1 / preference.clip(0.01))

    def cosine(at):
        return float(torch.nn.functional.cosine_similarity(at, wanted, dim=0))

    assert cosine(losses - 1e-3 * cosine_part) > cosine(losses)
    on_equal_losses = CosineAligned(penalty=2.0, min_preference=0.01).weights(torch.ones(3).double(), preference, None)
    towards = on_equal_losses - torch.from_numpy(preference)
    assert towards.argmax() == preference.argmax()
    assert towards.max() > 0 > towards.min()


def test_on_the_ray_only_the_linear_part_is_left():
    preference = np.array([0.2, 0.3, 0.5])
    weights = CosineAligned(penalty=5.0, min_preference=0.01).weights(
        torch.from_numpy(2 / preference), preference, None
    )
    np.testing.assert_allclose(weights.numpy(), preference, atol=1e-12)


def test_without_penalty_it_is_linear_scalarization(make_points):
    trained = fr.make_learner("cosmos", penalty=0).fit(make_points(steps=500, lr=0.02), GRID, fr.Context())
    for preference in GRID:  # without biases the vectors are shifted
        np.testing.assert_allclose(trained.solve(preference)["x"].numpy(), preference, atol=0.01)


def test_by_default_it_stays_near_the_scalarized_optimum_and_in_order(make_points):
    problem = make_points(steps=500, lr=0.02)
    trained = fr.make_learner("cosmos").fit(problem, GRID, fr.Context())
    for preference in GRID:
        np.testing.assert_allclose(trained.solve(preference)["x"].numpy(), preference, atol=0.1)
    losses = np.array([problem.evaluate(trained.solve(preference), "test").loss for preference in GRID])
    for t in range(3):
        by_weight = [losses[GRID[:, t] == weight, t].mean() for weight in (0, 0.5, 1)]
        assert by_weight == sorted(by_weight, reverse=True)


def test_parameters_are_one_model_and_t_numbers_a_bias(tiny):
    conditioned = untrained(tiny)
    weights = sum(parameter.numel() for parameter in tiny.model.parameters())
    biases = sum(p.numel() for name, p in tiny.model.named_parameters() if name.endswith("bias"))
    assert conditioned.trainable_parameters == weights + 3 * biases
    assert conditioned.total_parameters == tiny.model_parameters + 3 * biases


def test_a_model_without_vectors_is_refused():
    matrix = {"weight": torch.zeros(2, 2)}
    problem = fr.ClassificationProblem(
        name="matrix",
        tasks=["a"],
        model=torch.nn.Linear(2, 2, bias=False),
        pretrained=matrix,
        experts=[matrix],
        heads=[torch.nn.Identity()],
        data=[{"train": fr.Examples(torch.zeros(1, 2), torch.zeros(1, dtype=torch.long))}],
        budget=fr.Budget(steps=1, batch_size=1),
    )
    with pytest.raises(fr.UnsupportedError, match="matrix has none"):
        untrained(problem)


@pytest.mark.parametrize("option", [{"penalty": -1}, {"min_preference": 0}])
def test_options_out_of_range_are_refused(option):
    (name,) = option
    with pytest.raises(fr.ConfigError, match=f"{name} must be"):
        fr.make_learner("cosmos", **option)
