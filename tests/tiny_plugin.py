"""A suite small enough to run in a second and learners that misbehave on purpose, loaded with --plugin by tests."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import frontrunner as fr


class TinyNet(nn.Module):
    """Two residual blocks with `attn` and `mlp` submodules, so that every up-scaling rule has something to find."""

    def __init__(self, width=6):
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

    def forward(self, inputs):
        hidden = self.embed(inputs) * self.scale
        for block in self.blocks:
            hidden = hidden + block["attn"](hidden)
            hidden = hidden + block["mlp"](hidden)
        return self.norm(hidden)


def tiny_problem(n_tasks=3, *, seed=0, n=40, steps=30, batch_size=8):
    """T random classifications of the same inputs; experts are random steps away from the pre-trained model."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = TinyNet()
        heads = [nn.Linear(6, 3) for _ in range(n_tasks)]
    pretrained = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def expert():
        return {
            name: tensor + 0.3 * torch.randn(tensor.shape, generator=generator)
            if tensor.is_floating_point() and "running" not in name
            else tensor.clone()
            for name, tensor in pretrained.items()
        }

    def examples():
        return fr.Examples(torch.randn(n, 4, generator=generator), torch.randint(3, (n,), generator=generator))

    return fr.ClassificationProblem(
        name="tiny",
        tasks=[f"task{t}" for t in range(n_tasks)],
        model=model,
        pretrained=pretrained,
        experts=[expert() for _ in range(n_tasks)],
        budget=fr.Budget(steps=steps, batch_size=batch_size),
        data=[{split: examples() for split in ("train", "val", "test")} for _ in range(n_tasks)],
        heads=heads,
    )


class Tiny(fr.Suite):
    """Three random classifications and a network of a few hundred numbers."""

    name = "tiny"
    version = "1"
    tasks = ("task0", "task1", "task2")

    def prepare(self, tasks, *, device, seed, progress):
        return tiny_problem(len(tasks), seed=seed)


class Misbehaving(fr.Learner):
    """Fails in the way its option says, so that tests can watch what the harness makes of it."""

    name = "misbehaving"

    @dataclass(frozen=True)
    class Config:
        how: str = "raise"
        """raise, out-of-memory, die, nan, print or wait (until the file named by `gate` exists)."""
        gate: str = ""
        """For `wait`."""

    def fit(self, problem, preferences, context):
        how = self.config.how
        if how == "raise":
            raise RuntimeError("this learner always [fails]")
        if how == "out-of-memory":
            raise torch.OutOfMemoryError("no room for a tensor")
        if how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "wait":
            while not Path(self.config.gate).exists():
                context.progress("fit", 1, 2, loss=1.0)
                time.sleep(0.05)
        if how == "print":
            print("this line goes to the log and must not confuse the harness")  # noqa: T201
        params = dict(problem.pretrained)
        if how == "nan":
            params = {
                name: torch.full_like(tensor, float("nan")) if tensor.is_floating_point() else tensor
                for name, tensor in params.items()
            }
        return fr.FiniteSet(problem.n_tasks, lambda _: params, ["one"], total_parameters=problem.model_parameters)
