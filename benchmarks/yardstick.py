"""Hold the experts of a suite against 1-nearest-neighbour on raw inputs, each on its own task.

Run `python benchmarks/yardstick.py vision-mini text-mini`. An expert that is worse than no model at all says that the
suite's fine-tuning is too short.
"""

from __future__ import annotations

import sys

import frontrunner as fr
from frontrunner.tasks.nearest_neighbour import nearest_neighbour_errors


def main() -> None:
    """Print a line a task of each suite."""
    print(f"{'suite':<14} {'task':<14} {'1-NN error':>10} {'expert':>8}")
    for suite in sys.argv[1:] or ["vision-mini", "text-mini"]:
        problem = fr.load_problem(suite)
        neighbour = nearest_neighbour_errors(problem, "test")
        if neighbour is None:
            print(f"{suite}: its inputs cannot be compared")
            continue
        for t, task in enumerate(problem.tasks):
            expert = problem.evaluate(problem.experts[t], "test").error[t]
            worse = "  worse than 1-NN" if expert > neighbour[t] else ""
            print(f"{suite:<14} {task:<14} {neighbour[t]:>10.4f} {expert:>8.4f}{worse}", flush=True)


if __name__ == "__main__":
    main()
