"""What a bench would have measured, made up: settled cells and their scored fronts, without a fit or a store."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.published.measured import Measured
from frontrunner.harness.records.attempt import Attempt
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.settled_cell import SettledCell
from frontrunner.harness.scoring.scored_cells import ScoredCell


def made_up(label, error, *, suite="s", tasks=("a", "b"), seed=0, preferences=None, labels=None, options=(), costs=()):
    """A cell that has finished with these errors, shape (n, T), and what was scored of it."""
    error = np.array(error, dtype=np.float64)
    cell = Cell(label, "1", dict(options), suite, "1", tuple(tasks), seed, 2, label)
    names = tuple(labels) if labels is not None else ("",) * len(error)
    held = None if preferences is None else np.array(preferences, dtype=np.float64)
    record = FrontRecord(
        cell=cell,
        evaluation=Evaluation(error=error, loss=error, preferences=held, labels=names),
        reference_point=np.ones(len(tasks)),
        pareto_front=None,
        split="test",
        environment={"device": "cpu"},
        problem="problem",
    )
    attempt = Attempt("run", "1", cell, Status.FINISHED, "", dict(costs), None, Path("nowhere"), {}, {})
    result = ScoredCell(attempt, {})
    vars(result)["record"] = record  # the cached property finds it there
    return SettledCell(cell, Ending(Status.FINISHED), "run", ran=True), result


def failed(label, reason, *, suite="s", tasks=("a", "b"), seed=0):
    """A cell that has no result, and None in the place of it."""
    cell = Cell(label, "1", {}, suite, "1", tuple(tasks), seed, 2, label)
    return SettledCell(cell, Ending(Status.FAILED, reason), "run", ran=True), None


def measured(*cells, asked=()):
    """What a bench of these cells has measured, some of them under further labels."""
    return Measured(
        [*(settled.cell for settled, _ in cells), *asked],
        [settled for settled, _ in cells],
        [SimpleNamespace(results=[result for _, result in cells if result is not None])],
    )
