"""Measure how often 95 % intervals of a mean hold the true one: Student's t and four bootstraps on the same samples.

    python benchmarks/interval_coverage.py

Each cell of the tables draws `repetitions` samples of n values from a distribution whose mean is known, and counts the
intervals that hold it; the standard error of a share of 0.95 is 0.22 % for 10,000. Student's t is what
`metrics/statistics.py` gives. The bootstraps are

* scipy's bias-corrected and accelerated one (BCa), and its percentile;
* the studentised one (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5), which scipy does not
  offer; resamples of equal values have no t and are left out;
* the same, smoothed: resampled values are moved by normal noise of deviation s / sqrt(n) (Hesterberg, "Unbiasing the
  bootstrap", Proc. Section on Statistics & the Environment, ASA, 2004).

Widths are medians over the samples, divided by those of Student's t. At the end every bootstrap is compared with
Student's t cell by cell: whether it is closer to 95 % or further from it, by more than two standard errors of the
difference on the same samples.
"""

import time
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import stats

from frontrunner.metrics.statistics import mean_intervals

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]

RESAMPLES = 999
ROWS_AT_ONCE = 250  # these samples share their resampled positions, and their resamples fit in memory
SIZES = (3, 4, 5, 10, 20, 30)
DRAWS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]], float]] = {
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0),
    "exponential": (lambda rng, shape: rng.exponential(1, shape), 1.0),
    "Student t(3)": (lambda rng, shape: rng.standard_t(3, shape), 0.0),  # has outliers on both sides
    "lognormal(1)": (lambda rng, shape: rng.lognormal(0, 1, shape), float(np.exp(0.5))),
    "lognormal(0.5)": (lambda rng, shape: rng.lognormal(0, 0.5, shape), float(np.exp(0.125))),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5),
    "beta(2, 18)": (lambda rng, shape: rng.beta(2, 18, shape), 0.1),  # looks like error rates near zero
}


def students_t(values: NDArray[np.float64], _rng: np.random.Generator) -> Ends:
    found = mean_intervals(values)
    return np.array([interval.low for interval in found]), np.array([interval.high for interval in found])


def by_scipy(method: Literal["BCa", "percentile"]) -> Callable[[NDArray[np.float64], np.random.Generator], Ends]:
    def interval(values: NDArray[np.float64], rng: np.random.Generator) -> Ends:
        found = stats.bootstrap(
            (values,), np.mean, axis=1, vectorized=True, n_resamples=RESAMPLES, method=method, rng=rng
        ).confidence_interval
        return found.low, found.high

    return interval


def studentised(values: NDArray[np.float64], rng: np.random.Generator) -> Ends:
    n = values.shape[1]
    return from_resamples(values, values[:, rng.integers(n, size=(RESAMPLES, n))])


def smoothed_studentised(values: NDArray[np.float64], rng: np.random.Generator) -> Ends:
    n = values.shape[1]
    noise = rng.standard_normal((RESAMPLES, n)) * values.std(axis=1, ddof=1)[:, None, None] / np.sqrt(n)
    return from_resamples(values, values[:, rng.integers(n, size=(RESAMPLES, n))] + noise)


def from_resamples(values: NDArray[np.float64], resamples: NDArray[np.float64]) -> Ends:
    """Return the ends of studentised intervals of k samples, shapes (k,), from resamples of shape (k, RESAMPLES, n).

    They come from the quantiles of t = (mean of the resample - mean of the sample) / standard error of the resample.
    """
    mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    errors = resamples.std(axis=2, ddof=1) / np.sqrt(values.shape[1])
    errors[errors < 1e-12 * error[:, None]] = np.nan  # resamples of equal values, whose error is rounding
    t = (resamples.mean(axis=2) - mean[:, None]) / errors
    low, high = np.nanquantile(t, [0.025, 0.975], axis=1)
    return mean - high * error, mean - low * error


STUDENTS = "Student's t"
METHODS = {
    STUDENTS: students_t,
    "scipy's BCa": by_scipy("BCa"),
    "scipy's percentile": by_scipy("percentile"),
    "studentised": studentised,
    "smoothed studentised": smoothed_studentised,
}


def in_blocks(method: str, values: NDArray[np.float64], seed: int) -> Ends:
    rng = np.random.default_rng(seed)
    blocks = [METHODS[method](values[i : i + ROWS_AT_ONCE], rng) for i in range(0, len(values), ROWS_AT_ONCE)]
    lows, highs = zip(*blocks, strict=True)
    return np.concatenate(lows), np.concatenate(highs)


def measure(
    repetitions: Annotated[int, typer.Option(help="Number of samples in each cell of the tables.")] = 10_000,
) -> None:
    start = time.perf_counter()
    held: dict[tuple[str, str, int], NDArray[np.bool_]] = {}
    widths: dict[tuple[str, int], float] = {}
    for i, (draws, (draw, mean)) in enumerate(DRAWS.items()):
        for n in SIZES:
            values = draw(np.random.default_rng([i, n]), (repetitions, n))
            for method in METHODS:
                low, high = in_blocks(method, values, n)
                held[method, draws, n] = (low <= mean) & (mean <= high)
                if draws == "normal":
                    widths[method, n] = float(np.median(high - low))
    console = Console(width=120)
    for method in METHODS:
        table = Table("values", *DRAWS, "width (normal)", title=f"{method}: intervals that hold the mean, in %")
        for n in SIZES:
            shares = [f"{100 * held[method, draws, n].mean():.1f}" for draws in DRAWS]
            table.add_row(str(n), *shares, f"{widths[method, n] / widths[STUDENTS, n]:.2f}")
        console.print(table)
    for method in list(METHODS)[1:]:
        console.print(f"{method} against {STUDENTS}: {against_students(held, method)}")
    console.print(f"{repetitions:,} samples a cell, {time.perf_counter() - start:.0f} s")
    board = [np.random.default_rng(i).standard_normal(3 + i % 18).tolist() for i in range(15_000)]
    start = time.perf_counter()
    mean_intervals(board)
    console.print(f"15,000 means of 3 to 20 values: {time.perf_counter() - start:.2f} s")


def against_students(held: dict[tuple[str, str, int], NDArray[np.bool_]], method: str) -> str:
    """Return for which distributions and sizes the method is closer to 95 % than Student's t, and for which further."""
    closer: dict[str, list[int]] = {}
    further: dict[str, list[int]] = {}
    for draws in DRAWS:
        for n in SIZES:
            mine, theirs = held[method, draws, n], held[STUDENTS, draws, n]
            error = float(np.std(mine.astype(float) - theirs) / np.sqrt(len(mine)))
            gain = abs(theirs.mean() - 0.95) - abs(mine.mean() - 0.95)
            if abs(gain) > 2 * error:
                (closer if gain > 0 else further).setdefault(draws, []).append(n)
    found = (
        "; ".join(f"{draws}: {', '.join(map(str, sizes))}" for draws, sizes in cells.items())
        for cells in (closer, further)
    )
    return "closer for {}. Further for {}.".format(*(cells or "none" for cells in found))


if __name__ == "__main__":
    typer.run(measure)
