"""Fronts on a CUDA device: what members share is kept there, and no result changes by a bit."""

import pytest
import torch
from torch import nn

import frontrunner as fr
from frontrunner.harness.running.evaluate import evaluate_members

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.filterwarnings("ignore:.*deterministic.*"),
]


@pytest.fixture(autouse=True)
def as_in_cells():
    """Torch as cells have it: new memory is filled with NaN, too."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


def problem_there(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(inplace=True), nn.Conv2d(16, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ).eval()
    weights = {name: tensor.to("cuda", dtype) for name, tensor in model.state_dict().items()}
    experts = [{name: tensor + 0.05 * (t + 1) for name, tensor in weights.items()} for t in range(2)]

    def split():
        return fr.Examples(torch.randn(300, 3, 12, 12), torch.randint(0, 3, (300,)))

    return fr.ClassificationProblem(
        name="p",
        tasks=["a", "b"],
        model=model,
        pretrained=weights,
        experts=experts,
        budget=fr.Budget(1, 2),
        data=[{name: split() for name in ("train", "val", "test")} for _ in range(2)],
        heads=[nn.Linear(8, 3).to("cuda", dtype) for _ in range(2)],
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_front_of_members_that_begin_alike_is_equal_to_the_byte(dtype):
    problem = problem_there(dtype)

    def merge(preference):
        late = problem.pretrained["2.weight"]
        for expert, weight in zip(problem.experts, preference, strict=True):
            late = late + float(weight) * (expert["2.weight"] - problem.pretrained["2.weight"])
        return {**problem.pretrained, "2.weight": late}

    pareto_set = fr.ContinuousSet(2, merge, total_parameters=1)
    grid = fr.simplex_grid(2, 6)
    shared = evaluate_members(problem, pareto_set, grid, "test")
    apart = evaluate_members(problem, pareto_set, grid, "test", keep_activations=False)
    assert shared.loss.tobytes() == apart.loss.tobytes()
    assert shared.error.tobytes() == apart.error.tobytes()
    assert len(set(map(tuple, shared.loss.tolist()))) == len(grid)
