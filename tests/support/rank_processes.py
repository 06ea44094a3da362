"""Run functions in several real processes that are connected by torch.distributed's gloo."""

import dataclasses
import multiprocessing
import os
import time
import traceback

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

import frontrunner as fr
from frontrunner.harness.running.worker_process import preload
from frontrunner.methods.process_group import ProcessGroup, listen
from frontrunner.methods.ranks import ALONE
from frontrunner.testing import tiny_problem

GRID = fr.simplex_grid(3, 3)


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """What a fit has learned, step by step."""

    weights: np.ndarray
    """(steps, P) of everything that is trained."""
    losses: list
    """That were reported."""
    diagnostics: dict
    answer: np.ndarray
    """All weights for one preference."""


def with_noise():
    """The tiny problem, whose examples to train on are changed at random."""
    problem = tiny_problem()
    problem.augment = lambda inputs, generator: inputs + torch.randn(inputs.shape, generator=generator)
    return problem


def without_data():
    """Three distances: objectives of a point."""
    return fr.load_problem("merging-toy", ["e1", "e2", "e3"])


def fit(ranks, method, options, n_steps=12, checkpoints=None, make_problem=tiny_problem):
    """The trajectory of a fit; after each step, as the optimizer leaves it."""
    problem = make_problem()
    weights, losses = [], []

    def note(optimizer, args, kwargs):
        trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        weights.append(torch.cat([parameter.detach().flatten() for parameter in trained]).numpy())

    def progress(activity, step, total, *, unit="steps", loss):
        losses.append(loss)

    hook = register_optimizer_step_post_hook(note)
    try:
        learner = fr.make_learner(method, **{"steps": n_steps, **options})
        kept = fr.Checkpoints() if checkpoints is None else checkpoints
        context = fr.Context(progress=progress, ranks=ranks, checkpoints=kept)
        found = learner.fit(problem, GRID[-1:], context)
    finally:
        hook.remove()
    solved = found.solve(GRID[-1]) if isinstance(found, fr.ContinuousSet) else next(iter(found.members(GRID[-1:])))[2]
    answer = np.concatenate([tensor.double().flatten().numpy() for tensor in solved.values()])
    return Trajectory(np.stack(weights), losses, dict(found.diagnostics()), answer)


def fit_all(ranks, cases):
    """The trajectories of several fits, one after the other."""
    return [fit(ranks, *case) for case in cases]


def fit_alone(*args, **kwargs):
    """The same in this process."""
    return fit(ALONE, *args, **kwargs)


def fit_from(ranks, folder, method, options, n_steps):
    """The trajectory of a fit that goes on from a folder's checkpoint; the first rank alone saves."""
    saved = _Saved(folder, interval_s=0.0) if ranks.own == 0 else _Read(folder)
    return fit(ranks, method, options, n_steps, saved)


class _Read(fr.Checkpoints):
    def save(self, name, state):
        """Nothing: this is not the first rank."""


class _Saved(fr.Checkpoints):
    """Keeps the state of step 10 alone, as if the fit had been ended after it."""

    def save(self, name, state):
        if state["step"] == 10:
            super().save(name, state)


def end_after_a_sum(ranks, how):
    """The seconds in which the first rank was told that the other is dead, or hangs."""
    ranks.sum_(torch.ones(3))
    if ranks.own == 1 and how == "dies":
        os._exit(3)
    if ranks.own == 1 and how == "hangs":
        time.sleep(600)
    start = time.monotonic()
    try:
        ranks.sum_(torch.ones(3))
    except fr.RankError as error:
        return str(error), time.monotonic() - start


def take_two_steps_by_ddp(ranks):
    """What torch's own data parallelism makes of a parameter that nothing reaches."""
    layers = torch.nn.ModuleDict({"used": torch.nn.Linear(2, 2), "unused": torch.nn.Linear(2, 2)})
    layers.forward = lambda inputs: layers["used"](inputs)
    wrapped = torch.nn.parallel.DistributedDataParallel(layers)
    for _ in range(2):
        wrapped(torch.ones(1, 2)).sum().backward()


def _run(function, args, own, count, port, listening, timeout_s, results):
    torch.set_num_threads(1)
    try:
        group = ProcessGroup(own, port, ["cpu"] * count, timeout_s=timeout_s, listening=listening)
        results.send(function(group, *args))
        group.close()
    except BaseException as error:  # whatever it is, the test is told
        traceback.print_exc()
        results.send(error)


def in_ranks(function, *args, count=2, timeout_s=60.0, first_alone=False):
    """What `function(ranks, *args)`, of some module, returns in every rank; the error it raises; None of a dead one.

    With `first_alone` only the first is waited for.
    """
    preload([], [])
    context = multiprocessing.get_context("forkserver")
    with listen() as listening:
        port = listening.getsockname()[1]
        started = []
        for own in range(count):
            ours, theirs = context.Pipe()
            mine = listening if own == 0 else None
            process = context.Process(target=_run, args=(function, args, own, count, port, mine, timeout_s, theirs))
            process.start()
            theirs.close()
            started.append((process, ours))
    found = []
    for _, ours in started[: 1 if first_alone else None]:
        try:
            found.append(ours.recv())
        except EOFError:
            found.append(None)
    for process, _ in started:
        process.kill()
        process.join()
    return found
