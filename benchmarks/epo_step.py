"""Compare the time of a training step of `pwe-moe-epo`, linear programme included, with one of `pwe-moe-ls`.

    python benchmarks/epo_step.py

Both see the same images (all eight tasks of vision-mini, 16 each) and preferences, and take turns, so that a noisy
machine slows both; the ratio is taken pair by pair. The optimizer's update, the same for both, is left out. Both run on
one thread, as cells of vision-mini do.
"""

import statistics
import time
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

import frontrunner as fr


def measure(
    pairs: Annotated[int, typer.Option(help="Number of measured pairs of steps, after five to warm up.")] = 40,
) -> None:
    torch.set_num_threads(1)
    problem = fr.load_problem("vision-mini")
    table = Table("upscale", "step ls", "step epo", "ratio (median)", "quartiles", title=f"T = {problem.n_tasks}")
    for upscale in ("mlp", "attn+mlp", "all"):
        steps = {}
        for method in ("pwe-moe-ls", "pwe-moe-epo"):
            learner = fr.make_learner(method, upscale=upscale)
            routed = learner.untrained(problem, torch.Generator().manual_seed(0))
            steps[method] = (learner, routed, learner.scalarization())
        batches = problem.batches("train", problem.budget.batch_size, torch.Generator().manual_seed(0))
        rng = np.random.default_rng(0)
        times = {method: [] for method in steps}
        for i in range(pairs + 5):
            drawn = rng.dirichlet(np.ones(problem.n_tasks)), next(batches)
            for method in sorted(steps, reverse=bool(i % 2)):
                learner, routed, scalarization = steps[method]
                routed.network.zero_grad()
                start = time.perf_counter()
                learner.step(routed, scalarization, drawn)
                if i >= 5:
                    times[method].append(time.perf_counter() - start)
        ratios = [epo / ls for epo, ls in zip(times["pwe-moe-epo"], times["pwe-moe-ls"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        table.add_row(
            upscale,
            *(f"{1000 * statistics.median(times[method]):.0f} ms" for method in ("pwe-moe-ls", "pwe-moe-epo")),
            f"{middle:.2f}",
            f"{low:.2f} to {high:.2f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(measure)
