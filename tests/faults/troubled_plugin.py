"""A learner and a suite that get into trouble in one process of a fit, loaded with --plugin by tests."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import torch

import frontrunner as fr
from frontrunner.methods.whole_set.pwe_moe import PweMoeLs
from frontrunner.testing import tiny_problem


class Troubled(PweMoeLs):
    """`pwe-moe-ls`, of which one process does something else in the second half, until a file says it is over."""

    name = "troubled"

    @dataclass(frozen=True)
    class Config(PweMoeLs.Config):
        how: str = "dies"
        """dies, leaves, hangs, raises or exhausts."""
        rank: int = 1
        """The process that does."""

    def fit(self, problem, preferences, context):
        losses, passed = problem.losses, 0

        def troubled(params, batch):
            nonlocal passed
            passed += 1
            if passed == self.config.steps // 2 and not Path("over").exists():
                self.get_into_trouble()
            return losses(params, batch)

        if context.ranks.own == self.config.rank:
            problem.losses = troubled
        found = super().fit(problem, preferences, context)
        problem.losses = losses
        return found

    def get_into_trouble(self):
        how = self.config.how
        if how == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "leaves":
            os._exit(3)
        if how == "hangs":
            time.sleep(600)
        if how == "exhausts":
            raise torch.OutOfMemoryError("no room for a tensor")
        raise RuntimeError("this process has no luck")


class Twice(fr.Suite):
    """The tiny suite, which is prepared a second time in another way: it dies there, or makes other weights."""

    name = "twice"
    version = "1"
    tasks = ("task0", "task1", "task2")

    def prepare(self, tasks, *, device, seed, progress):
        again = Path("prepared").exists()
        Path("prepared").touch()
        if again and Path("dies").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return tiny_problem(len(tasks), seed=seed + again)
