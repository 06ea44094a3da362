"""A network problem small enough to fit in a second."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..tasks import Budget, ClassificationProblem, Examples, Params


class TinyNet(nn.Module):
    """Two residual blocks with `attn` and `mlp` submodules, so that every up-scaling rule has something to find.

    It maps inputs (n, 4) to features (n, width).
    """

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.embed = nn.Linear(4, width)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "attn": nn.Linear(width, width),
                    "mlp": nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width)),
                }
            )
            for _ in range(2)
        )
        self.norm = nn.BatchNorm1d(width)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features (n, width) of `inputs` (n, 4)."""
        hidden: Tensor = self.embed(inputs) * self.scale
        for block in self.blocks:
            assert isinstance(block, nn.ModuleDict)  # for the type checker
            hidden = hidden + block["attn"](hidden)
            hidden = hidden + block["mlp"](hidden)
        normed: Tensor = self.norm(hidden)
        return normed


def tiny_problem(
    n_tasks: int = 3, *, seed: int = 0, n: int = 40, steps: int = 30, batch_size: int = 8
) -> ClassificationProblem:
    """Make T random classifications of three classes each; experts are random steps away from the pre-trained model.

    Args:
        n_tasks: T; tasks are called task0, task1, ...
        seed: the seed of weights and examples.
        n: number of examples of every task and split (train, val, test).
        steps: training steps that the problem recommends to learners.
        batch_size: examples per task and step that it recommends.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = TinyNet()
        heads = [nn.Linear(6, 3) for _ in range(n_tasks)]
    pretrained = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def expert() -> Params:
        return {
            name: tensor + 0.3 * torch.randn(tensor.shape, generator=generator)
            if tensor.is_floating_point() and "running" not in name
            else tensor.clone()
            for name, tensor in pretrained.items()
        }

    def examples() -> Examples:
        return Examples(torch.randn(n, 4, generator=generator), torch.randint(3, (n,), generator=generator))

    return ClassificationProblem(
        name="tiny",
        tasks=[f"task{t}" for t in range(n_tasks)],
        model=model,
        pretrained=pretrained,
        experts=[expert() for _ in range(n_tasks)],
        budget=Budget(steps=steps, batch_size=batch_size),
        data=[{split: examples() for split in ("train", "val", "test")} for _ in range(n_tasks)],
        heads=heads,
    )


def permuted_problem(problem: ClassificationProblem, order: Sequence[int]) -> ClassificationProblem:
    """Return the same tasks in another order: task t of the result is task `order[t]` of `problem`."""
    return ClassificationProblem(
        name=problem.name,
        tasks=[problem.tasks[t] for t in order],
        model=problem.model,
        pretrained=problem.pretrained,
        experts=[problem.experts[t] for t in order],
        budget=problem.budget,
        data=[problem.data[t] for t in order],
        heads=[problem.heads[t] for t in order],
        to_input=problem.to_input,
        run=problem.run,
        trim=problem.trim,
        join=problem.join,
    )
