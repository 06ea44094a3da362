"""Ask what a fused Adam, TF32, `torch.compile` and CUDA graphs would gain: a plain step with each of them."""

import json

import torch

from .device_towers import Architecture, expert_weights, pretrained_weights, tower_problem
from .plain_step import PlainStep
from .run_parts import ROW
from .step_clock import SKIPPED, StepClock

WAYS = ("as it is", "fused Adam", "TF32 products", "torch.compile", "torch.compile, CUDA graphs")
"""A row each."""


def measure(device, done, tower, batch_size, most_steps):
    """Print a row for every way that is not done."""
    architecture = Architecture.of(tower)
    weights = pretrained_weights(architecture.encoder, torch.float32, device)
    problem = tower_problem(tower, architecture, weights, [expert_weights(weights, 1)], batch_size, batch_size)
    for way in WAYS:
        if way not in done:
            print(ROW + json.dumps({"name": way, **_measured(way, device, tower, problem, most_steps)}), flush=True)


def _measured(way, device, tower, problem, most_steps):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if way.startswith("TF32") else before)
    try:
        step = _step(way, device, tower, problem)
        batch = next(problem.batches("train", problem.budget.batch_size, torch.Generator().manual_seed(0)))
        for _ in range(3):  # compiles
            step(batch)
        clock = StepClock(device, SKIPPED + 1 + most_steps)
        for _ in range(clock.n_steps):
            clock.mark()
            step(batch)
        return {**clock.ms(), "steps": most_steps, **clock.peaks}
    except Exception as error:  # a compiler may be missing
        return {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
    finally:
        torch.set_float32_matmul_precision(before)


def _step(way, device, tower, problem):
    step = PlainStep(tower, problem)
    if way == "fused Adam":
        step.optimizer = torch.optim.Adam(step.model.parameters(), lr=1e-5, fused=True)
    if way.startswith("torch.compile"):
        # On the CPU the path alone is tried, without a compiler.
        backend = "inductor" if torch.device(device).type == "cuda" else "eager"
        mode = "reduce-overhead" if way.endswith("graphs") and backend == "inductor" else None
        step.run = torch.compile(step.run, backend=backend, mode=mode)
    return step
