"""Evaluate a front of three tasks: seconds a member, against bare forward passes of one model on the same images."""

import json
import time

import torch

import frontrunner as fr

from .device_towers import Architecture, expert_weights, pretrained_weights, tower_problem
from .run_parts import ROW

N_TASKS = 3
LEARNER = "pwe-moe-ls"


def measure(device, done, tower, points_per_edge, n_examples, batch_size):
    """Print a row for each type of weights that is not done."""
    for dtype in ("float32", "bfloat16"):
        if dtype not in done:
            row = _measured(device, tower, points_per_edge, n_examples, batch_size, getattr(torch, dtype))
            print(ROW + json.dumps({"name": dtype, **row}), flush=True)


def _measured(device, tower, points_per_edge, n_examples, batch_size, dtype):
    architecture = Architecture.of(tower)
    weights = pretrained_weights(architecture.encoder, dtype, device)
    experts = [expert_weights(weights, 1 + t) for t in range(N_TASKS)]
    problem = tower_problem(tower, architecture, weights, experts, batch_size, n_examples)
    found = fr.make_learner(LEARNER).untrained(problem, torch.Generator().manual_seed(0))
    preferences = fr.simplex_grid(N_TASKS, points_per_edge)
    fr.evaluate(problem, found, preferences[:1])  # loads kernels, and finds how many images a pass takes
    seconds = {"bare_s": _timed(device, lambda: _bare(problem, len(preferences)))}
    seconds["front_s"] = _timed(device, lambda: fr.evaluate(problem, found, preferences))
    members = {f"{kind}_per_member": value / len(preferences) for kind, value in seconds.items()}
    return {
        "learner": LEARNER,
        "preferences": len(preferences),
        "examples": N_TASKS * n_examples,
        **{name: round(value, 5) for name, value in {**seconds, **members}.items()},
        "front_over_bare": round(seconds["front_s"] / seconds["bare_s"], 3),
    }


@torch.inference_mode()
def _bare(problem, n_models):
    """Run one model on the test images of every task so often, in the batches of an evaluation; read nothing."""
    for _ in range(n_models):
        for t in range(problem.n_tasks):
            for _ in problem.logits(t, problem.pretrained, "test"):
                pass


def _timed(device, function):
    start = _now(device)
    function()
    return _now(device) - start


def _now(device):
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
