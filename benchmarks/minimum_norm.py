"""Measure how far MGDA's direction is from the shortest vector in the hull of the gradients, and what it costs.

    python benchmarks/minimum_norm.py

Random Gramians of 2 to 8 gradients in 2 n dimensions, whose lengths lie over four orders of magnitude, and of which
half share a direction. No vector of the hull is shorter than min (C alpha) / |alpha|_C, so that the excess over it
bounds the error of the norm, without another solver to trust. TorchJD's Frank-Wolfe is measured beside it.
"""

import time
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torchjd.aggregation import MGDAWeighting

from frontrunner.methods.scalarization.minimum_norm import minimum_norm_weights


def measure(
    instances: Annotated[int, typer.Option(help="Number of random Gramians.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the gradients.")] = 0,
) -> None:
    rng = np.random.default_rng(seed)
    drawn = []
    for i in range(instances):
        n = int(rng.integers(2, 9))
        lengths = 10 ** rng.uniform(-2, 2, size=(n, 1))
        drawn.append(lengths * (rng.normal(size=(n, 2 * n)) + (i % 2) * rng.normal(size=2 * n)))
    library = MGDAWeighting(max_iters=250)
    solvers = {
        "minimum_norm_weights": minimum_norm_weights,
        "torchjd MGDAWeighting": lambda gramian: library(torch.from_numpy(gramian)).numpy(),
    }
    table = Table(
        "solver", "largest excess", "median excess", "share above 1e-6", "time", title=f"{instances} Gramians"
    )
    for name, solve in solvers.items():
        excesses, seconds = [], 0.0
        for gradients in drawn:
            gramian = gradients @ gradients.T
            start = time.perf_counter()
            alpha = solve(gramian)
            seconds += time.perf_counter() - start
            excesses.append(excess(gradients.astype(np.longdouble), alpha.astype(np.longdouble)))
        table.add_row(
            name,
            f"{max(excesses):.1e}",
            f"{np.median(excesses):.1e}",
            f"{np.mean(np.array(excesses) > 1e-6):.3f}",
            f"{1e6 * seconds / instances:.0f} us",
        )
    Console(width=110).print(table)


def excess(gradients: np.ndarray, alpha: np.ndarray) -> float:
    """Return the bound of |alpha' G| / (length of the hull's shortest vector) - 1; infinite where there is none."""
    direction = alpha @ gradients / alpha.sum()
    norm = np.sqrt(direction @ direction)
    bound = (gradients @ direction).min() / norm
    return float(norm / bound - 1) if bound > 0 else np.inf


if __name__ == "__main__":
    typer.run(measure)
