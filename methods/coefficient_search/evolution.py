"""NSGA-II and NSGA-III over a box, by pymoo; every objective is minimised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front

LAYERS = ((2, 1.0), (1, 0.5))
"""Partitions and scale of each layer of NSGA-III's reference points: those of MAP's authors."""

ManyObjectives = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def evolve(
    evaluate: ManyObjectives,
    first: NDArray[np.float64],
    *,
    lowest: float,
    highest: float,
    generations: int,
    seed: int,
    crossover_index: float = 15.0,
    mutation_index: float = 20.0,
) -> NDArray[np.float64]:
    """Search a box by NSGA-II and return the non-dominated points (K, D) of the last generation.

    Args:
        evaluate: function from points (n, D) to objectives (n, T), minimised.
        first: (n, D) the first generation; every generation has its size.
        lowest, highest: the bounds of the box in every dimension.
        generations: how many, the first included.
        seed: the seed of pymoo's own generator; no global state is read or written.
        crossover_index, mutation_index: distribution indices of simulated binary crossover and polynomial mutation.

    Source: Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on Evolutionary Computation 6(2), 2002.
    """
    # Imported here: listing methods must not wait for pymoo.
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.optimize import minimize

    box = box_problem(evaluate, first.shape[1], lowest, highest)
    algorithm = NSGA2(
        pop_size=len(first),
        sampling=first,
        crossover=SBX(eta=crossover_index, prob=0.9),
        mutation=PM(eta=mutation_index),
    )
    found = minimize(box, algorithm, ("n_gen", generations), seed=seed, verbose=False)
    return np.atleast_2d(np.asarray(found.X, dtype=np.float64))


def evolve_and_keep(
    evaluate: ManyObjectives,
    first: NDArray[np.float64],
    *,
    lowest: float,
    highest: float,
    generations: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Search a box by NSGA-III and return points (K, D) and objectives (K, T): all that no evaluated point dominates.

    Nothing bounds K but n times `generations`. The arguments are those of `evolve`; D is T.

    Source: Deb and Jain, IEEE Transactions on Evolutionary Computation 18(4), 2014.
    """
    from pymoo.algorithms.moo.nsga3 import NSGA3, ReferenceDirectionSurvival
    from pymoo.optimize import minimize

    points: list[NDArray[np.float64]] = []
    objectives: list[NDArray[np.float64]] = []

    def recorded(generation: NDArray[np.float64]) -> NDArray[np.float64]:
        points.append(np.array(generation))
        objectives.append(np.array(evaluate(generation)))
        return objectives[-1]

    n, dimensions = first.shape
    # Given to the survival alone: NSGA3 would print a warning where they are more than the points of a generation.
    survival = ReferenceDirectionSurvival(reference_points(dimensions))
    algorithm = NSGA3(ref_dirs=None, survival=survival, pop_size=n, sampling=first)
    box = box_problem(recorded, dimensions, lowest, highest)
    minimize(box, algorithm, ("n_gen", generations), seed=seed, verbose=False)
    evaluated, achieved = np.vstack(points), np.vstack(objectives)
    keep = Front(achieved).non_dominated_mask
    return evaluated[keep], achieved[keep]


def reference_points(n_tasks: int) -> NDArray[np.float64]:
    """Return the reference points (n, T) of `LAYERS` on the simplex, T (T + 1) / 2 + T of them."""
    from pymoo.util.ref_dirs import get_reference_directions

    layers = [
        get_reference_directions("das-dennis", n_tasks, n_partitions=partitions, scaling=scale)
        for partitions, scale in LAYERS
    ]
    return np.asarray(np.vstack(layers), dtype=np.float64)


def box_problem(evaluate: ManyObjectives, dimensions: int, lowest: float, highest: float) -> Any:
    """Return pymoo's problem of as many objectives as dimensions, whose points are evaluated together."""
    from pymoo.core.problem import Problem

    class Box(Problem):  # type: ignore[misc] # pymoo has no types
        def _evaluate(self, x: NDArray[np.float64], out: dict[str, Any], *_: Any, **__: Any) -> None:
            out["F"] = evaluate(x)

    return Box(n_var=dimensions, n_obj=dimensions, xl=lowest, xu=highest)
