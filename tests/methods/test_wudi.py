"""WUDI-Merging: its least interference in closed form, which layers it is for, and what becomes of the others."""

import numpy as np
import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.methods.merging.linear_layers import linear_weights
from frontrunner.methods.merging.wudi import Interference

GRID = fr.simplex_grid(3, 3)
WEIGHT = "blocks.0.attn.weight"


def fit(problem, grid=GRID, **options):
    return fr.make_learner("wudi", **options).fit(problem, grid, fr.Context())


def at_one(problem, grid=GRID, **options):
    """The model at lambda = 1."""
    *_, (_, label, last) = fit(problem, grid, points=2, **options).members(grid)
    assert label == "lambda = 1"
    return last


def vectors(problem, name):
    return torch.stack([expert[name] - problem.pretrained[name] for expert in problem.experts])


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_interference_is_the_papers_and_its_gradient_is_that_of_autograd():
    tasks, weights = drawn(3, 4, 5), torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    merged = (drawn(2, 4, 5)[1] + 0.3).requires_grad_()
    loss = sum(
        w * ((merged - task) @ task.T).square().sum() / task.square().sum()
        for w, task in zip(weights, tasks, strict=True)
    )
    loss.backward()
    found = Interference(tasks, weights)
    assert found.at(merged.detach()) == pytest.approx(loss.item())
    torch.testing.assert_close(found.gradient(merged.detach()), merged.grad)


def test_a_task_vector_of_zero_takes_no_part():
    tasks = drawn(2, 4, 5)
    both = torch.cat([tasks, torch.zeros(1, 4, 5, dtype=torch.float64)])
    ones = torch.ones(3, dtype=torch.float64)
    merged = drawn(3, 4, 5)[2]
    assert torch.equal(Interference(both, ones).gradient(merged), Interference(tasks, ones[:2]).gradient(merged))


def test_the_descent_ends_at_least_squares_over_the_task_vectors(tiny):
    tasks = vectors(tiny, WEIGHT).double()
    grams = tasks.transpose(1, 2) @ tasks / tasks.square().sum(dim=(1, 2))[:, None, None]
    least = torch.linalg.solve(grams.sum(dim=0), (tasks @ grams).sum(dim=0), left=False)
    found = at_one(tiny, iterations=4000, lr=1e-3)[WEIGHT] - tiny.pretrained[WEIGHT]
    torch.testing.assert_close(found.double(), least, atol=2e-3, rtol=1e-2)


def test_one_task_keeps_the_task_vectors_of_its_linear_layers(make_tiny):
    problem = make_tiny(1)
    merged = at_one(problem, np.ones((1, 1)))
    for name in linear_weights(problem.model):
        torch.testing.assert_close(merged[name], problem.experts[0][name], atol=1e-5, rtol=1e-4)


def test_a_corner_descends_to_its_expert_alone(tiny):
    found = fit(tiny, conditioned=True, coefficient=1.0, iterations=3000, lr=3e-3).solve([0, 1, 0])[WEIGHT]
    expert = tiny.experts[1][WEIGHT]
    # It starts at three times the expert's task vector, twice that vector away.
    assert (found - expert).norm() < 0.1 * 2 * (expert - tiny.pretrained[WEIGHT]).norm()


@pytest.mark.parametrize("others", ["pretrained", "average"])
def test_what_is_no_linear_layer_stays_or_is_averaged(tiny, others):
    merged = at_one(tiny, others=others, iterations=2)
    for name, tensor in merged.items():
        if not tensor.is_floating_point() or name in linear_weights(tiny.model):
            continue
        mean = tiny.pretrained[name] + vectors(tiny, name).mean(dim=0)
        torch.testing.assert_close(tensor, tiny.pretrained[name] if others == "pretrained" else mean)


def test_what_the_descent_leaves_is_recorded(tiny):
    left = [fit(tiny, iterations=n, lr=1e-3).diagnostics()["wudi_interference_left"] for n in (1, 100, 1000)]
    assert 1 > left[0] > left[1] > left[2] > 0
    found = fit(tiny, iterations=1).diagnostics()
    assert (found["wudi_merged_layers"], found["wudi_averaged_layers"]) == (7.0, 2.0)


class Transposed(nn.Module):
    """A linear layer of its own class that holds its matrix as (in, out), as GPT-2's do."""

    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_inputs, n_outputs))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def forward(self, rows):
        return torch.addmm(self.bias, rows, self.weight)


class Own(nn.Linear):
    """A subclass that computes the same."""


class Twice(nn.Linear):
    """A subclass that computes something else."""

    def forward(self, rows):
        return super().forward(rows).relu()


@pytest.mark.parametrize(
    ("module", "found"),
    [
        (nn.Linear(3, 5), {"weight": False}),
        (nn.Linear(4, 4, bias=False), {"weight": False}),
        (Own(3, 5), {"weight": False}),
        (Twice(4, 4), {}),
        (Transposed(3, 5), {"weight": True}),
        (nn.Embedding(5, 3), {}),
        (nn.Conv1d(3, 5, 1), {}),
        (nn.LSTM(3, 5), {}),
        (nn.LayerNorm((3, 5)), {}),
        (nn.MultiheadAttention(4, 2), {"in_proj_weight": False, "out_proj.weight": False}),
        (
            nn.MultiheadAttention(4, 2, kdim=3, vdim=3),
            {"q_proj_weight": False, "k_proj_weight": False, "v_proj_weight": False, "out_proj.weight": False},
        ),
        (nn.Sequential(nn.Linear(3, 5), nn.Tanh(), Transposed(5, 2)), {"0.weight": False, "2.weight": True}),
        (nn.Linear(3, 5).half(), {"weight": False}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_linear_layers_are_told_by_what_they_compute(module, found):
    drawn_weights(module)
    assert linear_weights(module.eval()) == found


def drawn_weights(module):
    """Values that tell how a matrix is stored."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))


def test_a_transposed_layer_is_merged_as_its_transpose():
    generator = torch.Generator().manual_seed(2)
    base, *tasks = torch.randn(3, 6, 4, generator=generator)
    posed = {}
    for kind, model in (("plain", nn.Linear(6, 4)), ("transposed", Transposed(6, 4))):
        models = [
            {"weight": (weight.T if kind == "plain" else weight).contiguous(), "bias": torch.zeros(4)}
            for weight in (base, *tasks)
        ]
        examples = fr.Examples(torch.zeros(3, 6), torch.arange(3))
        posed[kind] = fr.ClassificationProblem(
            name=kind,
            tasks=["a", "b"],
            model=model,
            pretrained=models[0],
            experts=models[1:],
            budget=fr.Budget(steps=1, batch_size=1),
            data=[dict.fromkeys(("train", "val", "test"), examples)] * 2,
            heads=[nn.Identity()] * 2,
        )
    grid = fr.simplex_grid(2, 2)
    plain, transposed = (at_one(posed[kind], grid, iterations=50, lr=1e-2)["weight"] for kind in posed)
    torch.testing.assert_close(transposed.T, plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make", [lambda: nn.Conv2d(3, 4, 3), lambda: nn.LSTM(3, 5), lambda: nn.Embedding(5, 3)])
def test_a_model_without_linear_layers_is_refused(make):
    with pytest.raises(fr.UnsupportedError, match="expected an architecture with linear layers"):
        fr.make_learner("wudi").check_model(make(), 2)
