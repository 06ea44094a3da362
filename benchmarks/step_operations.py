"""Count the operations of a training step on a GPU, without one: views and empty tensors are left out.

    python benchmarks/step_operations.py

Each is a launch or two. Weights are in the shapes of ViT-B/32 and on the device meta, where they have no values; the
step is the forward and backward pass of all tasks at once. Experts lie apart, as separate tensors, or side by side, as
`load_problem` lays them on a GPU.
"""

from typing import Annotated

import torch
import typer
from gpu_parts.device_towers import Architecture, tower_problem
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode

import frontrunner as fr
from frontrunner.methods.whole_set import task_by_task
from frontrunner.tasks.side_by_side import lay_side_by_side

UNCOUNTED = ("view", "slice", "t.default", "transpose", "detach", "unbind", "select.int", "as_strided", "permute")
UNCOUNTED += ("unsqueeze", "split", "expand", "alias", "empty", "promote_types", "lift_fresh")
"""Parts of the names of operations that compute nothing."""


class CountedOperations(TorchDispatchMode):
    """Counts what is computed, and makes up numbers that are read, once, to check a problem."""

    n = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default and args[0].device.type == "meta":
            return args[0].dtype == torch.bool or 1.0
        self.n += not any(part in str(func) for part in UNCOUNTED)
        return func(*args, **(kwargs or {}))


def problem_of(n_tasks, side_by_side):
    """Return a problem of four images a task on the device meta."""
    architecture = Architecture.of("B/32")
    weights = architecture.encoder.state_dict()
    experts = [
        {name: torch.zeros_like(tensor, device="cpu") for name, tensor in weights.items()} for _ in range(n_tasks)
    ]
    given = {name: torch.zeros_like(tensor, device="cpu") for name, tensor in weights.items()}
    problem = tower_problem("B/32", architecture, given, experts, 2, 4)
    problem.model.to("meta")
    problem.pretrained = {name: tensor.to("meta") for name, tensor in problem.pretrained.items()}
    problem.experts = tuple({name: tensor.to("meta") for name, tensor in one.items()} for one in problem.experts)
    problem.heads = tuple(head.to("meta") for head in problem.heads)
    if side_by_side:
        lay_side_by_side(problem)
    return problem


def operations(method, n_tasks, side_by_side, **options):
    """Return how many operations a step has."""
    problem = problem_of(n_tasks, side_by_side)
    routed = fr.make_learner(method, **options).untrained(problem, torch.Generator().manual_seed(0))
    batch = next(problem.batches("train", 2, torch.Generator().manual_seed(0)))
    preference = [1 / n_tasks] * n_tasks
    counts = []
    for _ in range(2):  # the first step checks the problem, too
        with CountedOperations() as counted:
            routed.losses(preference, batch).sum().backward()
        counts.append(counted.n)
    return counts[1]


def main(tasks: Annotated[list[int] | None, typer.Option(help="Numbers of tasks, 2 and 8 if absent.")] = None) -> None:
    task_by_task.LARGEST_ACTIVATIONS = 2**62
    table = Table("tasks", "method", "apart", "side by side", title="operations a step, ViT-B/32")
    for n_tasks in tasks or [2, 8]:
        for upscale in ("mlp", "all"):
            found = [operations("pwe-moe-ls", n_tasks, laid, upscale=upscale) for laid in (False, True)]
            table.add_row(str(n_tasks), f"pwe-moe-ls ({upscale})", *map(str, found))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
