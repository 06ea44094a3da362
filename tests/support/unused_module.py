"""A problem whose model has a module that never runs."""

import torch

import frontrunner as fr
from frontrunner.testing import tiny_problem


def with_unused_module():
    """The tiny problem, whose model has a layer that never runs: its routers never receive a gradient."""
    tiny = tiny_problem()
    tiny.model.unused = torch.nn.Linear(2, 2)
    extra = {f"unused.{name}": torch.ones(parameter.shape) for name, parameter in tiny.model.unused.named_parameters()}
    return fr.ClassificationProblem(
        name="unused",
        tasks=tiny.tasks,
        model=tiny.model,
        pretrained={**tiny.pretrained, **extra},
        experts=[{**expert, **extra} for expert in tiny.experts],
        budget=tiny.budget,
        data=tiny.data,
        heads=tiny.heads,
    )
