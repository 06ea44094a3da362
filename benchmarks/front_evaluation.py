"""Measure what a front costs: seconds a member of a Pareto set, merged and evaluated, against its bare forward passes.

    python benchmarks/front_evaluation.py                        # B/32, 2 tasks of 50 images, 11 preferences
    python benchmarks/front_evaluation.py --images 16 --rule all

The set is that of PWE MoE with untrained routers on random weights. After every member that `evaluate_members` has
merged and evaluated, the same weights run once more in a bare loop: the architecture with these weights in it, the
same batches, and nothing kept but wrong answers. So both see the same machine. Times of the process on the CPU stand
beside wall times, since other processes take their share of a busy machine's wall time.
"""

import statistics
import time
from typing import Annotated

import numpy as np
import torch
import typer
from clip_towers import problem_of, tower, weights_of

import frontrunner as fr
from frontrunner.harness.running.evaluate import evaluate_members
from frontrunner.tasks.pass_size import PassSize

CLOCKS = {"CPU": time.process_time, "wall": time.perf_counter}


class Laps:
    """Adds up time by part, on every clock."""

    def __init__(self):
        self.parts = {}
        self._last = self._now()

    def restart(self):
        """Start the next lap now."""
        self._last = self._now()

    def end(self, part):
        """End a lap, as one measurement of a part."""
        now = self._now()
        self.parts.setdefault(part, []).append({name: now[name] - self._last[name] for name in now})
        self._last = now

    def of(self, part, clock):
        """Return the seconds of a part's laps on one clock."""
        return [lap[clock] for lap in self.parts[part]]

    @staticmethod
    def _now():
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return {name: clock() for name, clock in CLOCKS.items()}


class Merges:
    """A set that keeps the time of its merges and the last member's weights."""

    def __init__(self, pareto_set):
        self._set = pareto_set
        self.seconds = {name: [] for name in CLOCKS}
        self.last = None

    def n_members(self, preferences):
        return self._set.n_members(preferences)

    def members(self, preferences):
        for preference in preferences:
            before = {name: clock() for name, clock in CLOCKS.items()}
            self.last = self._set.solve(preference)
            for name, clock in CLOCKS.items():
                self.seconds[name].append(clock() - before[name])
            yield preference, "", self.last


@torch.no_grad()
def bare_passes(problem, model, params, n_examples):
    """Run one plain model over the test splits, and return its errors."""
    model.load_state_dict(params, assign=True)
    errors = []
    for t, head in enumerate(problem.heads):
        examples = problem.examples(t, "test")
        wrong = 0
        for start in range(0, len(examples), n_examples):
            part = examples.between(start, start + n_examples)
            images = problem.to_input(part.inputs.to(problem.device))
            wrong += int((head(model(images)).argmax(dim=1) != part.labels.to(problem.device)).sum())
        errors.append(wrong / len(examples))
    return errors


def examples_a_pass(problem):
    """Return how many examples the problem's own passes take."""
    some = problem.examples(0, "test").between(0, 1).inputs
    size = PassSize(problem.device.type)
    return size.n_examples(some, lambda inputs: problem.forward(problem.pretrained, problem.to_input(inputs)))


def measure(
    architecture: Annotated[str, typer.Option("--tower", help="B/32, L/14 or tiny.")] = "B/32",
    rule: Annotated[str, typer.Option(help="Which modules are up-scaled.")] = "mlp",
    tasks: Annotated[int, typer.Option(help="Tasks.")] = 2,
    images: Annotated[int, typer.Option(help="Test images of each task.")] = 50,
    members: Annotated[
        int, typer.Option(help="Preferences of a front of two tasks; along the first edge of more.")
    ] = 11,
    rounds: Annotated[int, typer.Option(help="Fronts, each with a bare loop beside it.")] = 1,
) -> None:
    problem = problem_of(architecture, weights_of(architecture, tasks), 2, images)
    found = fr.make_learner("pwe-moe-ls", upscale=rule, steps=1).fit(problem, fr.simplex_grid(tasks, 2), fr.Context())
    shares = np.linspace(0, 1, members)
    preferences = np.stack([shares, 1 - shares, *np.zeros((tasks - 2, members))], axis=1)
    model, size = tower(architecture), examples_a_pass(problem)
    laps, merges, bare = Laps(), Merges(found), []

    def after(*_, **__):
        laps.end("front")
        bare.append(bare_passes(problem, model, merges.last, size))
        laps.end("bare")

    fronts = []
    for _ in range(rounds):
        laps.restart()
        fronts.append(evaluate_members(problem, merges, preferences, "test", after).error)
    assert np.array_equal(np.concatenate(fronts), bare)
    what = f"{tasks} tasks of {images} images, {members} members, {rounds} rounds, {size} images a pass"
    print(f"{architecture} {rule}, {what}")
    for clock in CLOCKS:
        front, plain, merge = laps.of("front", clock), laps.of("bare", clock), merges.seconds[clock]
        ratios = [a / b for a, b in zip(front, plain, strict=True)]
        print(
            f"{clock}: front {statistics.mean(front):.3f} s a member ({statistics.mean(merge):.3f} s of it the merge), "
            f"bare {statistics.mean(plain):.3f} s; sum of the front {sum(front) / sum(plain):.4f} of the bare loop's; "
            f"median over members {statistics.median(ratios):.4f}",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(measure)
