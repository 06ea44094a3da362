"""Compare the time of training steps of PWE MoE on CLIP's image towers with one of plain full fine-tuning.

    python benchmarks/full_size_step.py

Weights and images are random. All steps see the same images in one batch and take turns, so that a noisy machine slows
all; ratios are taken round by round, of wall time and of the time that the process had on its processors, which other
processes change less. A plain step is a forward and backward pass and Adam's update of all weights; a
step of PWE MoE has its merge, its Adam and, where it follows exact Pareto optimality, its linear programme.
"""

import statistics
import time
from typing import Annotated

import numpy as np
import torch
import typer
from clip_towers import problem_of, tower, weights_of
from torch.nn import functional

import frontrunner as fr


class PlainStep:
    """Fine-tunes all weights of a tower of its own."""

    def __init__(self, name, problem):
        self.model = tower(name, "cpu")
        self.model.load_state_dict(problem.pretrained)
        self.problem = problem
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-5)

    def __call__(self, batch, preference):
        self.optimizer.zero_grad()
        features = self.model(self.problem.to_input(torch.cat([part.inputs for part in batch])))
        losses = [
            functional.cross_entropy(head(part), examples.labels)
            for head, part, examples in zip(
                self.problem.heads, features.split([len(part) for part in batch]), batch, strict=True
            )
        ]
        torch.stack(losses).sum().backward()
        self.optimizer.step()


class RoutedStep:
    """Trains routers."""

    def __init__(self, method, problem, upscale):
        self.learner = fr.make_learner(method, upscale=upscale)
        self.routed = self.learner.untrained(problem, torch.Generator().manual_seed(0))
        self.scalarization = self.learner.scalarization()
        self.optimizer = torch.optim.Adam(self.routed.network.parameters(), lr=1e-2)

    def __call__(self, batch, preference):
        self.optimizer.zero_grad()
        self.learner.step(self.routed, self.scalarization, (preference, batch))
        self.optimizer.step()


CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


def described(times):
    """Say the median seconds of each kind of step, and the medians of their ratios with quartiles."""

    def ratio(over, under):
        found = [a / b for a, b in zip(times[over], times[under], strict=True)]
        low, _, high = statistics.quantiles(found, n=4)
        return f"{over} / {under} {statistics.median(found):.3f} ({low:.3f} to {high:.3f})"

    seconds = ", ".join(f"{kind} {statistics.median(found):.2f} s" for kind, found in times.items())
    return f"{seconds}; {ratio('ls', 'plain')}, {ratio('epo', 'ls')}"


def measure(
    name: Annotated[str, typer.Option(help="Image tower: B/32, L/14 or tiny.")] = "B/32",
    cases: Annotated[str, typer.Option(help="Tasks x examples of each, such as 2x16,8x4.")] = "2x16,8x4",
    upscale: Annotated[str, typer.Option(help="Rules of up-scaling, separated by spaces.")] = "mlp",
    threads: Annotated[int, typer.Option(help="Threads of torch; 0 for its default.")] = 0,
    folder: Annotated[str, typer.Option(help="Folder to map weights from, made where they are not there.")] = "",
    rounds: Annotated[int, typer.Option(help="Measured rounds, after one to warm up.")] = 9,
) -> None:
    if threads:
        torch.set_num_threads(threads)
    print(f"CLIP {name}, {torch.get_num_threads()} thread(s), medians of {rounds} rounds", flush=True)
    for case in cases.split(","):
        n_tasks, batch_size = map(int, case.split("x"))
        problem = problem_of(name, weights_of(name, n_tasks, folder), batch_size)
        plain = PlainStep(name, problem)
        for rule in upscale.split():
            steps = {
                "plain": plain,
                "ls": RoutedStep("pwe-moe-ls", problem, rule),
                "epo": RoutedStep("pwe-moe-epo", problem, rule),
            }
            times = {kind: [] for kind in steps}
            rng = np.random.default_rng(0)
            batches = problem.batches("train", batch_size, torch.Generator().manual_seed(0))
            for number in range(rounds + 1):
                batch, preference = next(batches), rng.dirichlet(np.ones(n_tasks))
                for kind in sorted(steps, reverse=bool(number % 2)):
                    start = [clock() for clock in CLOCKS.values()]
                    steps[kind](batch, preference)
                    if number:
                        times[kind].append(
                            [clock() - began for clock, began in zip(CLOCKS.values(), start, strict=True)]
                        )
            for position, clock in enumerate(CLOCKS):
                print(
                    f"{case} {rule}, {clock}: {described({k: [one[position] for one in v] for k, v in times.items()})}",
                    flush=True,
                )


if __name__ == "__main__":
    typer.run(measure)
