import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.whole_set import hypernetwork

GRID = fr.simplex_grid(3, 3)
FORMS = ["exact", "chunked"]


def untrained(problem, method="phn-ls", **options):
    return fr.make_learner(method, **options).untrained(problem, torch.Generator().manual_seed(0))


def awake(conditioned):
    """With noise in every parameter, since the last layer starts at zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in conditioned.network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return conditioned


@pytest.mark.parametrize("form", FORMS)
def test_before_training_every_preference_gets_the_pretrained_model(tiny, form):
    conditioned = untrained(tiny, form=form, chunk_size=50)
    for preference in GRID:
        answer = conditioned.solve(preference)
        assert answer.keys() == tiny.pretrained.keys()
        assert all(torch.equal(answer[name], tensor) for name, tensor in tiny.pretrained.items())


@pytest.mark.parametrize("form", FORMS)
def test_training_reaches_every_parameter_of_the_hypernetwork(tiny, form):
    learner = fr.make_learner("phn-ls", form=form, chunk_size=50, steps=5, lr=1e-3)
    after = learner.fit(tiny, GRID, fr.Context()).state()
    start = fr.make_learner("phn-ls", form=form, chunk_size=50).untrained(tiny, fr.Context().generator("network"))
    assert all(not torch.equal(tensor, after[name]) for name, tensor in start.state().items())


@pytest.mark.parametrize("chunk_size", [1, 50, 64, 10_000])
def test_both_forms_make_the_same_shapes(tiny, chunk_size):
    exact = awake(untrained(tiny, form="exact")).solve(GRID[0])
    chunked = awake(untrained(tiny, form="chunked", chunk_size=chunk_size)).solve(GRID[0])
    assert {name: tensor.shape for name, tensor in chunked.items()} == {n: t.shape for n, t in exact.items()}


def test_chunks_differ_from_each_other():
    network = hypernetwork.Hypernetwork(
        3, 40, hidden_size=8, form="chunked", chunk_size=10, generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        network.head.weight.normal_(generator=torch.Generator().manual_seed(1))
        chunks = network(torch.tensor([0.2, 0.3, 0.5])).view(4, 10)
    assert len(torch.unique(chunks, dim=0)) == 4


@pytest.mark.parametrize("form", FORMS)
def test_the_size_is_known_before_anything_is_allocated(tiny, form):
    network = untrained(tiny, form=form, hidden_size=7, chunk_size=33).network
    n_weights = sum(parameter.numel() for parameter in tiny.model.parameters())
    expected = hypernetwork.Hypernetwork.size(3, n_weights, hidden_size=7, form=form, chunk_size=33)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_the_form_follows_the_size_and_is_recorded(tiny):
    n_weights = sum(parameter.numel() for parameter in tiny.model.parameters())
    at_most = untrained(tiny, hidden_size=10, max_exact_parameters=10 * n_weights)
    above = untrained(tiny, hidden_size=10, max_exact_parameters=10 * n_weights - 1, chunk_size=64)
    assert "chunk_size" not in at_most.diagnostics()
    assert above.diagnostics()["chunk_size"] == 64


def test_all_that_is_kept_is_counted(tiny):
    conditioned = untrained(tiny)
    assert conditioned.trainable_parameters == sum(tensor.numel() for tensor in conditioned.state().values())
    assert conditioned.total_parameters == conditioned.trainable_parameters + tiny.model_parameters


@pytest.mark.parametrize("form", FORMS)
def test_it_follows_the_preference_where_the_optimum_is_known(form, make_points):
    learner = fr.make_learner("phn-ls", form=form, chunk_size=2)
    pareto_set = learner.fit(make_points(steps=600, lr=0.02), GRID, fr.Context())
    for preference in GRID:
        np.testing.assert_allclose(pareto_set.solve(preference)["x"].numpy(), preference, atol=0.05)


@pytest.mark.parametrize("method", ["phn-ls", "phn-epo"])
def test_a_larger_weight_means_a_smaller_loss(method, make_points):
    problem = make_points(steps=200, lr=0.02)
    pareto_set = fr.make_learner(method).fit(problem, GRID, fr.Context())
    for t in range(3):
        losses = [
            problem.evaluate(pareto_set.solve((1 - r) * (1 - np.eye(3)[t]) / 2 + r * np.eye(3)[t]), "test").loss[t]
            for r in (0.1, 0.4, 0.7, 0.95)
        ]
        assert (np.diff(losses) < -0.05).all()


@pytest.mark.parametrize("form", FORMS)
def test_task_gradients_are_those_of_each_loss_alone(tiny, form):
    conditioned = awake(untrained(tiny, "phn-epo", form=form, chunk_size=50, hidden_size=6))
    preference = np.array([0.2, 0.3, 0.5])
    batch = next(tiny.batches("train", 8, torch.Generator().manual_seed(0)))
    losses, rows = conditioned.task_gradients(preference, batch)
    parameters = list(conditioned.network.parameters())
    assert rows.shape == (3, conditioned.trainable_parameters)
    for t in range(3):
        alone = conditioned.losses(preference, batch)[t]
        expected = torch.cat([g.flatten() for g in torch.autograd.grad(alone, parameters)])
        torch.testing.assert_close(losses[t], alone.detach())
        torch.testing.assert_close(rows[t], expected, atol=1e-5, rtol=1e-4)


def test_what_does_not_fit_into_memory_is_refused_before_it_is_allocated(tiny, monkeypatch):
    size = untrained(tiny, hidden_size=5000, form="exact").trainable_parameters
    monkeypatch.setattr(hypernetwork, "available_bytes", lambda device: 4 * 4 * size - 1)
    with pytest.raises(fr.ConfigError, match=rf"{16 * size / 1e9:.2f} GB.*has .* GB available.*chunked.*= 5000"):
        fr.make_learner("phn-ls", hidden_size=5000, form="exact").fit(tiny, GRID, fr.Context())
    untrained(tiny, hidden_size=50, form="chunked")
    monkeypatch.setattr(hypernetwork, "available_bytes", lambda device: 4 * 4 * size)
    untrained(tiny, hidden_size=5000, form="exact")
    with pytest.raises(fr.ConfigError, match="phn-epo would train"):  # T gradients more
        fr.make_learner("phn-epo", hidden_size=5000, form="exact").fit(tiny, GRID, fr.Context())


@pytest.mark.parametrize("option", [{"form": "exakt"}, {"hidden_size": 0}, {"chunk_size": -1}])
def test_options_out_of_range_are_refused(option):
    (name,) = option
    with pytest.raises(fr.ConfigError, match=f"{name} must be"):
        fr.make_learner("phn-ls", **option)
