import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.whole_set.layerwise_interpolation import MixturePolynomials

GRID = fr.simplex_grid(3, 11)


def igd_to_exact_answers(pareto_set, problem):
    """To f(x = r), linear scalarization's answers to the same preferences."""
    front = fr.evaluate(problem, pareto_set, GRID)
    return fr.igd(front, ((GRID[:, None, :] - np.eye(3)) ** 2).sum(axis=2))


@pytest.mark.parametrize("groups", ["tensors", "layers", "model"])
def test_every_weight_is_in_one_group(groups, tiny):
    model = fr.make_learner("layerwise-interpolation", groups=groups).untrained(tiny, torch.Generator()).model
    names = [name for bank in model.banks for name in bank.names]
    assert sorted(names) == sorted(name for name, tensor in tiny.pretrained.items() if tensor.is_floating_point())
    assert (
        len(model.banks)
        == {"tensors": len(names), "layers": len({name.rpartition(".")[0] for name in names}), "model": 1}[groups]
    )


def test_polynomials_are_those_of_the_formula():
    gate = MixturePolynomials(2, 3, interactions=True)
    with torch.no_grad():
        gate.tasks.normal_(generator=torch.Generator().manual_seed(0))
        gate.pairs.normal_(generator=torch.Generator().manual_seed(1))
    r = torch.tensor([0.2, 0.3, 0.5])
    for group in range(2):
        for i in range(3):
            pairs = zip(gate.pairs[group, i], [(0, 1), (0, 2), (1, 2)], strict=True)
            expected = gate.tasks[group, i] @ r + sum(4 * b * r[s] * r[t] for b, (s, t) in pairs)
            torch.testing.assert_close(gate(r)[group, i], expected)


def test_training_does_not_spoil_what_is_exact():
    """On merging-toy interpolation is linear scalarization's answer already."""
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    pareto_set = fr.make_learner("layerwise-interpolation").fit(problem, GRID, fr.Context(seed=1))
    assert igd_to_exact_answers(pareto_set, problem) <= 0.01


def test_it_goes_back_to_interpolation_where_training_made_it_worse():
    """Linear scalarization spoils the concave front of vlmop2."""
    problem, grid = fr.load_problem("vlmop2"), fr.simplex_grid(2, 11)

    def volume(pareto_set):
        return fr.hypervolume(fr.evaluate(problem, pareto_set, grid), problem.reference_point).value

    interpolation = volume(fr.make_learner("interpolation").fit(problem, grid, fr.Context()))
    trained = fr.make_learner("layerwise-interpolation", validate=False).fit(problem, grid, fr.Context())
    assert volume(trained) < interpolation - 0.001
    safe = fr.make_learner("layerwise-interpolation").fit(problem, grid, fr.Context())
    assert volume(safe) == pytest.approx(interpolation)
    assert safe.diagnostics()["went_back_to_interpolation"] == 1


def test_a_share_of_the_hypervolume_gradient_enlarges_the_hypervolume():
    problem, grid = fr.load_problem("linear-net"), fr.simplex_grid(3, 5)

    def volume(share):
        learner = fr.make_learner("layerwise-interpolation", hypervolume_share=share, steps=400)
        return fr.hypervolume(fr.evaluate(problem, learner.fit(problem, grid, fr.Context()), grid), [1, 1, 1]).value

    assert volume(0.5) > volume(0) * 1.02


@pytest.mark.slow
@pytest.mark.parametrize(("method", "options"), [("layerwise-interpolation", {}), ("pwe-moe-ls", {"router_depth": 1})])
def test_twelve_seeds_end_at_the_exact_answers(method, options):
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    if method == "pwe-moe-ls":
        options = options | {"upscale": "model"}
    learner = fr.make_learner(method, **options)
    distances = [igd_to_exact_answers(learner.fit(problem, GRID, fr.Context(seed=s)), problem) for s in range(12)]
    assert max(distances) <= 0.01, distances


@pytest.mark.slow
def test_it_beats_interpolation_and_pwe_moe_on_images_at_equal_steps():
    problem = fr.load_problem("vision-mini", ["digits", "fashion", "animals"])
    grid = fr.simplex_grid(3, 4)

    def volume(method, **options):
        pareto_set = fr.make_learner(method, **options).fit(problem, grid, fr.Context())
        return fr.hypervolume(fr.evaluate(problem, pareto_set, grid), problem.reference_point).value

    ours = volume("layerwise-interpolation")
    assert ours > volume("interpolation") + 0.02
    assert ours > volume("pwe-moe-ls", upscale="all") + 0.01


def test_a_diverged_training_is_never_kept(tiny, monkeypatch):
    """An all-NaN classifier has a finite error rate, by its argmax; only its loss tells."""
    learner = fr.make_learner("layerwise-interpolation", steps=1)

    def diverge(self, conditioned, scalarization, drawn):
        with torch.no_grad():
            conditioned.network.tasks.fill_(float("nan"))
        return torch.zeros(())

    monkeypatch.setattr(type(learner), "step", diverge)
    assert learner.fit(tiny, fr.simplex_grid(3, 3), fr.Context()).diagnostics()["went_back_to_interpolation"] == 1


def test_labels_of_both_splits_are_declared(tiny):
    needs = fr.make_learner("layerwise-interpolation", steps=2, batch_size=8).needs(tiny, GRID)
    assert (needs.labelled_examples, needs.gradient_examples) == (3 * 2 * 8 + 3 * 40, 3 * 2 * 8)
    assert needs.forward_examples == 2 * len(GRID) * 3 * 40
