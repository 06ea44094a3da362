"""Compare the time of a training step of `pwe-moe-ls` with a forward and backward pass of the unmodified model.

    python benchmarks/training_step.py

Both see the same images in one batch (three tasks of vision-mini, 16 images each) and take turns, so that a
noisy machine slows both; the ratio is taken pair by pair. The optimizer's update is left out on both sides: it
moves a few hundred numbers here and every weight there.
"""

import statistics
import time
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

import frontrunner as fr

TASKS = ["digits", "fashion", "animals"]


def measure(
    pairs: Annotated[int, typer.Option(help="Number of measured pairs of steps, after ten to warm up.")] = 60,
) -> None:
    problem = fr.load_problem("vision-mini", TASKS)
    batches = problem.batches("train", problem.budget.batch_size, torch.Generator().manual_seed(0))
    rng = fr.Context().rng("benchmark")
    weights = {
        name: tensor.clone().requires_grad_(tensor.is_floating_point()) for name, tensor in problem.pretrained.items()
    }

    def plain(batch):
        for tensor in weights.values():
            tensor.grad = None
        problem.losses(weights, batch).sum().backward()

    table = Table("upscale", "routers", "step", "plain step", "ratio (median)", "quartiles", title=", ".join(TASKS))
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        for upscale in ("mlp", "attn+mlp", "all"):
            learner = fr.make_learner("pwe-moe-ls", upscale=upscale, steps=1)
            routed = learner.fit(problem, fr.simplex_grid(3, 2), fr.Context())

            def routed_step(batch, routed=routed):
                routed.network.zero_grad()
                preference = rng.dirichlet([1.0] * 3)
                (
                    torch.as_tensor(preference).float()
                    @ problem.losses(routed.weights_for(routed.as_input(preference)), batch)
                ).backward()

            times = {plain: [], routed_step: []}
            for i in range(pairs + 10):
                batch = next(batches)
                for step in (plain, routed_step) if i % 2 else (routed_step, plain):
                    start = time.perf_counter()
                    step(batch)
                    if i >= 10:
                        times[step].append(time.perf_counter() - start)
            ratios = [a / b for a, b in zip(times[routed_step], times[plain], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            table.add_row(
                f"{upscale}, {threads} thread{'s' if threads > 1 else ''}",
                f"{len(routed.model.banks)}",
                f"{1000 * statistics.median(times[routed_step]):.1f} ms",
                f"{1000 * statistics.median(times[plain]):.1f} ms",
                f"{middle:.2f}",
                f"{low:.2f} to {high:.2f}",
            )
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(measure)
