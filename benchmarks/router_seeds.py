"""Measure how often training ends near the known answers of `merging-toy`: three learners, twelve seeds each.

    python benchmarks/router_seeds.py

Linear scalarization's exact answer to preference r is x = r. IGD is measured to those answers at the same preferences,
so that 0 is possible; measured to the dense front, as on the leaderboard, even those answers have an IGD above 0.
"""

from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

import frontrunner as fr

LEARNERS = [
    ("layerwise-interpolation", {}),
    ("pwe-moe-ls", {"upscale": "model", "router_depth": 1}),
    ("pwe-moe-ls", {"upscale": "model"}),
]


def measure(seeds: Annotated[int, typer.Option(help="Number of seeds: 0, 1, ...")] = 12) -> None:
    torch.set_num_threads(1)
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    grid = fr.simplex_grid(3, 11)
    exact = fr.Front(np.square(grid[:, None, :] - np.eye(3)).sum(axis=2))
    limit = fr.hypervolume(exact, problem.reference_point).value
    table = Table("learner", "IGD <= 0.01", "IGD median", "IGD worst", "HV / exact, worst", "dead units by seed")
    for method, options in LEARNERS:
        distances, ratios, dead = [], [], []
        for seed in range(seeds):
            pareto_set = fr.make_learner(method, **options).fit(problem, grid, fr.Context(seed=seed))
            front = fr.evaluate(problem, pareto_set, grid)
            distances.append(fr.igd(front, exact))
            ratios.append(fr.hypervolume(front, problem.reference_point).value / limit)
            dead.append(pareto_set.diagnostics().get("dead_units_share"))
        table.add_row(
            " ".join([method, *(f"{name}={value}" for name, value in options.items())]),
            f"{sum(distance <= 0.01 for distance in distances)} of {seeds}",
            f"{np.median(distances):.4f}",
            f"{max(distances):.4f}",
            f"{min(ratios):.4f}",
            ", ".join(f"{share:.0%}" for share in dead if share is not None),
        )
    console = Console(width=150)
    console.print(table)
    console.print(f"The exact answers' own IGD to the dense front: {fr.igd(exact, problem.pareto_front):.4f}.")


if __name__ == "__main__":
    typer.run(measure)
