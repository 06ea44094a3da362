"""A suite small enough to run in a second and learners that misbehave on purpose, loaded with --plugin by tests."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch

import frontrunner as fr
from frontrunner.testing import tiny_problem


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
