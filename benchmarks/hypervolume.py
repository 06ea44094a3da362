"""Compare the time of an exact hypervolume here and in pymoo, for five to eight objectives.

    OMP_NUM_THREADS=1 python benchmarks/hypervolume.py

There are two kinds of front. *sphere*: random points on the positive part of the unit sphere, as on the front of DTLZ2,
with the reference point 1.1; no two values are equal. *accuracy*: error rates as a learner of preferences reports
them, with the reference point 1. Preferences r are uniform on the simplex, and objective i goes from its worst error
b_i at r_i = 0 to its best a_i at r_i = 1 as a_i + (b_i - a_i) (1 - r_i)^4, with normal noise of 0.01, rounded to a test
set of 1000.

Seconds are processor time. pymoo is left out where its last time, grown by points^(T - 3), says that it would take
longer than the limit.
"""

import time
from collections.abc import Callable
from typing import Annotated

import numpy as np
import typer
from pymoo.indicators.hv import HV
from rich.console import Console
from rich.table import Table

import frontrunner as fr


def sphere(n_points: int, n_objectives: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return random points on the positive part of the unit sphere, shape (n, T), and the reference point's value."""
    points = np.abs(rng.normal(size=(n_points, n_objectives)))
    return points / np.linalg.norm(points, axis=1, keepdims=True), 1.1


def accuracy(n_points: int, n_objectives: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return error rates that follow random preferences, shape (n, T), and the reference point's value."""
    preferences = rng.dirichlet(np.ones(n_objectives), size=n_points)
    best = rng.uniform(0.02, 0.3, n_objectives)
    worst = best + rng.uniform(0.2, 0.6, n_objectives)
    noise = rng.normal(0, 0.01, preferences.shape)
    return np.clip(np.round(best + (worst - best) * (1 - preferences) ** 4 + noise, 3), 0, 1), 1.0


def timed(compute: Callable[[], float]) -> tuple[float, float]:
    """Return the value and the best of three times in seconds; one time only where it is above a second.

    It is processor time: everything runs on one thread, and a busy machine distorts it less.
    """
    times = []
    while not times or (len(times) < 3 and times[0] < 1):
        start = time.process_time()
        value = compute()
        times.append(time.process_time() - start)
    return value, min(times)


def measure(
    seed: int = 0,
    pymoo_limit_s: Annotated[
        float, typer.Option(help="Leave pymoo out where it would take longer than this many seconds.")
    ] = 60.0,
) -> None:
    table = Table("T", "front", "points", "non-dominated", "here, s", "pymoo, s", "pymoo / here", "difference")
    for n_objectives in (5, 6, 7, 8):
        for kind in (sphere, accuracy):
            expected_s = 0.0
            for n_points, n_next in ((100, 200), (200, 500), (500, 500)):
                points, reference = kind(n_points, n_objectives, np.random.default_rng(seed))
                front, corner = fr.Front(points), np.full(n_objectives, reference)
                found, here_s = timed(lambda front=front, corner=corner: fr.hypervolume(front, corner).value)
                row = [
                    f"{n_objectives}",
                    kind.__name__,
                    f"{n_points}",
                    f"{front.non_dominated_mask.sum()}",
                    f"{here_s:.4f}",
                ]
                if expected_s <= pymoo_limit_s:
                    value, pymoo_s = timed(lambda points=points, corner=corner: HV(ref_point=corner)(points))
                    expected_s = pymoo_s * (n_next / n_points) ** (n_objectives - 3)
                    row += [f"{pymoo_s:.4f}", f"{pymoo_s / here_s:.1f}", f"{abs(found / value - 1):.0e}"]
                table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(measure)
