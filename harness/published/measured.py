"""Look up what a bench has measured, and read single answers out of recorded fronts as accuracies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics.preferences import find_preference
from ..cells.cell import Cell
from ..records.front_record import FrontRecord
from ..running.settled_cell import SettledCell
from ..scoring.scored_cells import ComparableGroup, ScoredCell
from .study import Place

NEAR = 1e-6
"""How far the weights of a preference may lie from those that are asked for."""


class Measured:
    """The cells of a bench with their results, by suite, tasks and label.

    Learners that differ on the published suites may be the same on another, where batches are those of that suite: each
    then has the one cell that was run.

    Args:
        asked: the cells of every learner under its own label, see `BenchSpec.asked_cells`.
        settled: what became of the bench's cells.
        groups: the scored cells of the store.
    """

    def __init__(
        self, asked: Iterable[Cell], settled: Iterable[SettledCell], groups: Iterable[ComparableGroup]
    ) -> None:
        finished = {result.attempt.cell.key: result for group in groups for result in group.results}
        became = {one.cell.key: one for one in settled}
        self._cells: dict[tuple[str, tuple[str, ...]], list[tuple[str, SettledCell, ScoredCell | None]]] = {}
        for cell in asked:
            of_place = self._cells.setdefault((cell.suite, cell.tasks), [])
            of_place.append((cell.label, became[cell.key], finished.get(cell.key)))

    def results(self, place: Place) -> dict[str, dict[int, ScoredCell]]:
        """Return the finished cells at a place by the learner's label in the bench, and by seed."""
        found: dict[str, dict[int, ScoredCell]] = {}
        for label, one, result in self._at(place):
            if result is not None:
                found.setdefault(label, {})[one.cell.seed] = result
        return found

    def cells(self, place: Place, label: str) -> list[Cell]:
        """Return the cells of a learner at a place, finished or not."""
        return [one.cell for asked, one, _ in self._at(place) if asked == label]

    def unfinished(self, place: Place, label: str) -> list[str]:
        """Return a sentence on each cell of a learner at a place that has no result."""
        return [
            f"{one.cell.title}: {one.ending.status}{f' ({one.ending.reason})' if one.ending.reason else ''}."
            for asked, one, result in self._at(place)
            if asked == label and result is None
        ]

    def _at(self, place: Place) -> list[tuple[str, SettledCell, ScoredCell | None]]:
        return self._cells.get((place.suite, place.tasks), [])


@dataclass(frozen=True)
class Answer:
    """One answer of a set, or of several for tasks that each have their own."""

    accuracies: NDArray[np.float64]
    """Accuracy on every task in %, shape (T,); higher is better."""
    label: str
    """What the set calls the answer (`lambda = 0.3`), where that says more than was asked for; else empty."""


def find_answer(record: FrontRecord, at: str | Mapping[str, float]) -> Answer | None:
    """Return the answer of a recorded set that is asked for; None where the set has none.

    Args:
        record: the recorded front.
        at: see `RowSpec.at`; weights by the names of the record's own tasks.
    """
    accuracies = 100.0 * (1.0 - record.evaluation.error)
    tasks = record.cell.tasks
    if at == "best":
        best = int(accuracies.mean(axis=1).argmax())
        return Answer(accuracies[best], record.evaluation.labels[best])
    if at == "own":
        corners = [_position(record, row) for row in np.eye(len(tasks))]
        if any(corner is None for corner in corners):
            return None
        own = np.array([accuracies[corner, t] for t, corner in enumerate(corners)], dtype=np.float64)
        return Answer(own, "")
    wanted = _weights(at, tasks)
    position = None if wanted is None else _position(record, wanted)
    return None if position is None else Answer(accuracies[position], "")


def curve(record: FrontRecord) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the lambdas of a set that is a curve over it, ascending, and the mean accuracies in %, each of shape (n,).

    None where its answers are not called `lambda = ...`.
    """
    named = [label.partition(" = ") for label in record.evaluation.labels]
    if any(name != "lambda" for name, _, _ in named):
        return None
    lambdas = np.array([float(value) for _, _, value in named])
    order = np.argsort(lambdas, kind="stable")
    return lambdas[order], 100.0 * (1.0 - record.evaluation.error.mean(axis=1))[order]


def _weights(at: str | Mapping[str, float], tasks: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the preference that is asked for, shape (T,); None where it weighs a task that there is not."""
    if isinstance(at, str):
        return np.full(len(tasks), 1.0 / len(tasks))
    if not set(at) <= set(tasks):
        return None
    return np.array([at.get(task, 0.0) for task in tasks])


def _position(record: FrontRecord, preference: NDArray[np.float64]) -> int | None:
    """Return the position of the answer to a preference; the only one of a set of one that follows none."""
    held = record.evaluation.preferences
    if held is None:
        return 0 if len(record.evaluation.labels) == 1 and np.ptp(preference) < NEAR else None
    return find_preference(held, preference, within=NEAR)
