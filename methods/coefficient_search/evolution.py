"""NSGA-II over a box, by pymoo; every objective is minimised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def evolve(
    evaluate: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    first: NDArray[np.float64],
    *,
    lowest: float,
    highest: float,
    generations: int,
    seed: int,
) -> NDArray[np.float64]:
    """Search a box by NSGA-II and return the non-dominated points (K, D) of the last generation.

    Args:
        evaluate: function from points (n, D) to objectives (n, T), minimised.
        first: (n, D) the first generation; every generation has its size.
        lowest, highest: the bounds of the box in every dimension.
        generations: how many, the first included.
        seed: the seed of pymoo's own generator; no global state is read or written.

    Source: Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on Evolutionary Computation 6(2), 2002.
    """
    # Imported here: listing methods must not wait for pymoo.
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    class Box(Problem):  # type: ignore[misc] # pymoo has no types
        def _evaluate(self, x: NDArray[np.float64], out: dict[str, Any], *_: Any, **__: Any) -> None:
            out["F"] = evaluate(x)

    n, dimensions = first.shape
    box = Box(n_var=dimensions, n_obj=dimensions, xl=lowest, xu=highest)
    algorithm = NSGA2(pop_size=n, sampling=first)
    found = minimize(box, algorithm, ("n_gen", generations), seed=seed, verbose=False)
    return np.atleast_2d(np.asarray(found.X, dtype=np.float64))
