"""Train by every method on one tower: milliseconds a step and peaks of memory, as a fit of the harness takes them.

Unlike a cell, a training of whole models holds no experts: it uses none, and the paper's has none.
"""

import gc
import json
import time

import numpy as np
import torch

import frontrunner as fr

from .device_towers import Architecture, expert_weights, pretrained_weights, tower_problem
from .plain_step import PlainStep
from .plan import ROUTED
from .run_parts import ROW
from .step_clock import SKIPPED, StepClock

SECONDS = 1.5
"""Time of the measured steps of one training, about."""
LEAST_STEPS = 4
"""Measured steps, at least."""
IMAGES = 256
"""Stored images of a task, at most."""


def measure(device, done, tower, n_tasks, batch_size, dtype, most_steps, learners):
    """Print a row for every learner that is not done; those that need experts come first."""
    architecture = Architecture.of(tower)
    weights = pretrained_weights(architecture.encoder, getattr(torch, dtype), device)
    n_examples = max(batch_size, min(IMAGES, 8 * batch_size))
    experts = [expert_weights(weights, 1 + t) for t in range(n_tasks)]
    problem = tower_problem(tower, architecture, weights, experts, batch_size, n_examples)
    del weights, experts
    for learner in learners:
        if learner in done:
            continue
        if learner not in ROUTED:
            problem.experts = ()  # what trains whole models reads none: they would only count as memory
        print(ROW + json.dumps({"name": learner, **_measured(learner, tower, problem, most_steps)}), flush=True)


def _measured(learner, tower, problem, most_steps):
    """Return the numbers of one training; why there are none where it failed."""
    device = problem.device
    train = (_plain if learner == "plain" else _fitted)(learner, tower, problem)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    held = {"held_bytes": torch.cuda.memory_allocated(device)} if device.type == "cuda" else {}
    try:
        start = time.perf_counter()
        first = StepClock(device, SKIPPED + 2)
        train(first)  # loads kernels, and tells how long a step takes
        n_steps = int(1000 * SECONDS / max(first.ms()["median_ms"], 1e-3))
        clock = StepClock(device, SKIPPED + 1 + min(max(n_steps, LEAST_STEPS), most_steps))
        found = train(clock)
    except torch.OutOfMemoryError:
        return {**held, "failed": "out of memory"}
    except Exception as error:  # another learner may do
        return {**held, "failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
    seconds = round(time.perf_counter() - start, 2)
    return {**clock.ms(), "steps": clock.n_steps - SKIPPED - 1, **held, **clock.peaks, **found, "seconds": seconds}


def _plain(_, tower, problem):
    def train(clock):
        step = PlainStep(tower, problem)
        for _, batch in zip(range(clock.n_steps), _batches(problem), strict=False):
            clock.mark()
            step(batch)
        n_weights = sum(parameter.numel() for parameter in step.model.parameters())
        return {"trainable_parameters": n_weights, "total_parameters": n_weights}

    return train


def _fitted(learner, _, problem):
    method, _, rule = learner.partition(" ")
    options = {"upscale": rule.strip("()")} if rule else {}
    asked = np.full((1, problem.n_tasks), 1 / problem.n_tasks)

    def train(clock):
        restore = clock.watch(problem)
        try:
            found = fr.make_learner(method, steps=clock.n_steps, **options).fit(
                problem, asked, fr.Context(device=str(problem.device))
            )
        finally:
            restore()
        return {"trainable_parameters": found.trainable_parameters, "total_parameters": found.total_parameters}

    return train


def _batches(problem):
    return problem.batches("train", problem.budget.batch_size, torch.Generator().manual_seed(0))
