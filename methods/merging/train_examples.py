"""The number of train examples that a method without training looks at."""

from __future__ import annotations

from ...tasks.problem import Problem


def examples_per_task(problem: Problem, at_most: int) -> int:
    """Return `at_most`, or as many examples as the smallest task holds where that is less.

    An example seen twice teaches nothing; and where all are seen, the result does not depend on chance or on the
    order of tasks.
    """
    held = min(problem.n_examples("train"))
    return min(at_most, held) if held else at_most
