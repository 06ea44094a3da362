"""How often the intervals of `metrics/statistics.py` hold a mean that is known, beside those of two other methods.

    python benchmarks/interval_coverage.py

Each cell draws `repetitions` samples of n values and counts the 95 % intervals that hold the true mean; the standard
error of a share of 0.95 is 0.22 % for 10,000. Student's t is exact for normal values and the percentile bootstrap is
what is usually meant by a bootstrap interval. Widths are means over the samples, divided by Student's.
"""

import time
from collections.abc import Callable
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import stats

from frontrunner.metrics.statistics import mean_intervals

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]

SIZES = (2, 3, 4, 5, 10, 20, 30)
DRAWS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]], float]] = {
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5),
    "beta(2, 18)": (lambda rng, shape: rng.beta(2, 18, shape), 0.1),  # errors near zero
    "lognormal(0.5)": (lambda rng, shape: rng.lognormal(0, 0.5, shape), float(np.exp(0.125))),
    "exponential": (lambda rng, shape: rng.exponential(1, shape), 1.0),
    "Student t(3)": (lambda rng, shape: rng.standard_t(3, shape), 0.0),  # outliers on either side
}


def smoothed_bootstrap_t(values: NDArray[np.float64]) -> Ends:
    found = mean_intervals(values)
    return np.array([interval.low for interval in found]), np.array([interval.high for interval in found])


def students_t(values: NDArray[np.float64]) -> Ends:
    n = values.shape[1]
    mean, half = values.mean(axis=1), stats.t.ppf(0.975, n - 1) * values.std(axis=1, ddof=1) / np.sqrt(n)
    return mean - half, mean + half


def percentile(values: NDArray[np.float64]) -> Ends:
    n = values.shape[1]
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=999)
    means = np.sort(values @ counts.T / n, axis=1)
    return means[:, 24], means[:, 974]


METHODS = {"smoothed bootstrap-t": smoothed_bootstrap_t, "Student's t": students_t, "percentile": percentile}


def measure(repetitions: Annotated[int, typer.Option(help="Samples a cell.")] = 10_000) -> None:
    start = time.perf_counter()
    ends = {
        (method, draws, n): interval(draw(np.random.default_rng([i, n]), (repetitions, n)))
        for i, (draws, (draw, _)) in enumerate(DRAWS.items())
        for n in SIZES
        for method, interval in METHODS.items()
    }
    console = Console(width=120)
    for method in METHODS:
        table = Table("values", *DRAWS, "width (normal)", title=f"{method}: intervals that hold the mean, in %")
        for n in SIZES:
            shares = [
                100 * np.mean((low <= mean) & (mean <= high))
                for draws, (_, mean) in DRAWS.items()
                for low, high in [ends[method, draws, n]]
            ]
            width, of_student = (np.mean(np.subtract(*ends[one, "normal", n])) for one in (method, "Student's t"))
            table.add_row(str(n), *(f"{share:.1f}" for share in shares), f"{width / of_student:.2f}")
        console.print(table)
    console.print(f"{repetitions:,} samples a cell, {time.perf_counter() - start:.0f} s")
    board = [np.random.default_rng(i).standard_normal(3 + i % 18).tolist() for i in range(15_000)]
    start = time.perf_counter()
    mean_intervals(board)
    console.print(f"15,000 means of 3 to 20 values: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    typer.run(measure)
