"""Rank learners by their recorded fronts; cells that did not finish are shown with the reason, never left out."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import ConfigError, UnknownNameError
from ...metrics.ranking import shared_ranks, tied_with_best
from ...metrics.statistics import FEWEST_VALUES, MeanInterval
from ..cells.budgets import without_steps
from ..cells.cell import Cell
from ..records.attempt import Attempt
from ..records.requested_cells import requested_cells, why_unfinished
from ..records.store import Store
from ..scoring.measures import HYPERVOLUME_ERROR
from ..scoring.scored_cells import CLOSED_FORM, ComparableGroup, ScoredCell, load_groups
from ..scoring.set_warnings import SetWarning, set_warnings
from .seed_statistics import differences_to, intervals_of, sample_noise, values_of
from .shared_seeds import shared_seeds
from .yardstick import Yardstick, yardstick


@dataclass(frozen=True)
class Row:
    """One learner on one group of comparable cells."""

    label: str
    method: str
    key: str = ""
    """The learner's key: that of its method, version and options."""
    unfinished: Mapping[int, str] = field(default_factory=dict)
    """Why a requested cell has not finished, by seed."""
    results: Mapping[int, ScoredCell] = field(default_factory=dict)
    """Scored cells that have finished, by seed."""
    intervals: Mapping[str, MeanInterval] = field(default_factory=dict)
    """Mean of every measure over the seeds that have it, with its 95 % interval, by the measure's name."""
    against_baseline: Mapping[str, MeanInterval] = field(default_factory=dict)
    """Mean difference to the baseline (this row minus it) over the seeds of both, by the measure's name.

    Empty without a baseline, and for the baseline itself.
    """
    tied_with_best: bool = False
    """Whether three seeds or more cannot tell its hypervolume from that of the first row; False for the first row."""
    attempted: Mapping[int, str] = field(default_factory=dict)
    """The MLflow run id of the last attempt at a requested cell that has not finished, by seed."""
    key_without_steps: str = ""
    """What it shares with learners that differ in their steps alone, see `without_steps`; empty where unknown."""

    @property
    def seeds(self) -> list[int]:
        """The seeds that have a finished cell, in the order of `results`."""
        return list(self.results)

    @property
    def run_ids(self) -> list[str]:
        """The MLflow run ids of the finished cells, in the order of `seeds`."""
        return [result.attempt.run_id for result in self.results.values()]

    @property
    def metrics(self) -> dict[str, float]:
        """Means over the finished seeds by the measure's name, in order of `MEASURES`; unmeasured ones are absent."""
        return {name: interval.mean for name, interval in self.intervals.items()}

    @property
    def hypervolume_error(self) -> float | None:
        """The largest half width among estimated hypervolumes; None where all are exact."""
        errors = [r.scores[HYPERVOLUME_ERROR] for r in self.results.values() if HYPERVOLUME_ERROR in r.scores]
        return max(errors, default=None)

    @functools.cached_property
    def holds_sample_noise(self) -> bool:
        """Whether the interval of its hypervolume holds the noise of the test sample, too, not that of seeds alone."""
        return sample_noise(self.results) is not None

    @functools.cached_property
    def warnings(self) -> dict[int, list[SetWarning]]:
        """The signs of collapse of the seeds whose sets show any, by seed."""
        found = {seed: set_warnings(result.attempt, result.scores) for seed, result in self.results.items()}
        return {seed: warnings for seed, warnings in found.items() if warnings}

    @property
    def unreadable(self) -> dict[int, str]:
        """Why recorded errors by example could not be read, with the file's name, by seed."""
        return {seed: result.unreadable for seed, result in self.results.items() if result.unreadable}

    def values(self, measure: str) -> dict[int, float]:
        """Return the values of a measure by seed; seeds without one are absent."""
        return values_of(self.results, measure)


@dataclass(frozen=True)
class Board:
    """The rows of one group: those that are compared first, by mean hypervolume; those without a finished seed last."""

    name: str
    suite: str
    tasks: tuple[str, ...]
    rows: Sequence[Row]
    reference_point: list[float] | None
    """The hypervolume's reference point; None where no cell has finished."""
    reference_source: str
    """`closed form`, or `union of N runs`; empty where no cell has finished."""
    reference_digest: str
    """First 12 digits of the reference front's digest; empty where no cell has finished."""
    baseline: str | None = None
    """Label of the row that the others are compared with; None where there is none."""
    seeds: tuple[int, ...] = ()
    """The seeds that rows are compared on, ascending, see `shared_seeds`. A row that averages others has no rank."""
    neighbour: Yardstick | None = None
    """What 1-nearest-neighbour on raw inputs reaches; None where it is not recorded."""

    def __post_init__(self) -> None:
        """Find the seeds that rows are compared on, where they are not given."""
        if not self.seeds:
            object.__setattr__(self, "seeds", tuple(sorted(shared_seeds(row.results for row in self.rows))))

    def is_compared(self, row: Row) -> bool:
        """Return whether a row averages the seeds that rows are compared on."""
        return bool(row.results) and row.results.keys() == set(self.seeds)

    @property
    def has_ranks(self) -> bool:
        """Whether there are seeds enough to rank by; with fewer, rows are in order of their means and have no rank."""
        return len(self.seeds) >= FEWEST_VALUES

    def is_ranked(self, row: Row) -> bool:
        """Return whether a row has a rank."""
        return self.has_ranks and self.is_compared(row)

    @property
    def ranks(self) -> list[int | None]:
        """The rank of every row by its mean hypervolume, from 1, which equals share; None for rows that have none."""
        volumes = [row.metrics.get("hypervolume", -np.inf) if self.is_ranked(row) else None for row in self.rows]
        ranks = shared_ranks([volume for volume in volumes if volume is not None])
        return [None if volume is None else ranks[volume] for volume in volumes]

    @property
    def closed_form(self) -> bool:
        """Whether distances are measured to the true front."""
        return self.reference_source == CLOSED_FORM


def leaderboards(
    store: Store,
    suite: str | None = None,
    *,
    baseline: str | None = None,
    among: Iterable[Cell] | None = None,
    groups: Sequence[ComparableGroup] | None = None,
) -> list[Board]:
    """Return a board for every group of comparable cells, computed from the recorded fronts.

    Args:
        store: the store that the cells are recorded in, and whose folder keeps scores (`scores.sqlite`).
        suite: return the boards of this suite only.
        baseline: label or method of the row that the others are compared with, seed by seed, on boards that have it.
        among: the cells to show, as those of one bench, under their labels there; reference fronts are still those of
            all cells.
        groups: the store's groups, if they have been scored already.

    Raises:
        UnknownNameError: nothing is recorded of that suite, or no board has that baseline.
        ConfigError: several learners of a board have the name of the baseline.
        StoreError: the store cannot be read.
    """
    attempts = store.attempts()
    last = {attempt.cell.key: attempt for attempt in attempts}
    by_group: dict[str, list[Cell]] = {}
    labels = None if among is None else {cell.key: cell.label for cell in among}
    for cell in requested_cells(store, attempts):
        if labels is None:
            by_group.setdefault(cell.group, []).append(cell)
        elif cell.key in labels:  # which another bench may have called otherwise since
            by_group.setdefault(cell.group, []).append(dataclasses.replace(cell, label=labels[cell.key]))
    recorded = {cells[0].suite for cells in by_group.values()}
    if suite is not None and suite not in recorded:
        raise UnknownNameError("recorded suite", suite, recorded)
    scored = {group.name: group for group in (load_groups(store, attempts) if groups is None else groups)}
    boards = [
        _board(store, name, scored.get(name), cells, last, baseline)
        for name, cells in by_group.items()
        if suite is None or cells[0].suite == suite
    ]
    if baseline is not None and all(board.baseline is None for board in boards):
        raise UnknownNameError("baseline", baseline, {row.label for board in boards for row in board.rows})
    return boards


def _board(
    store: Store,
    name: str,
    group: ComparableGroup | None,
    cells: Sequence[Cell],
    last: Mapping[str, Attempt],
    baseline: str | None,
) -> Board:
    """Return the board of one group, whose requested cells are `cells`; `last` holds the last attempt by cell key."""
    finished = {} if group is None else {result.attempt.cell.key: result for result in group.results}
    by_learner: dict[str, list[Cell]] = {}
    for cell in cells:
        by_learner.setdefault(cell.learner_key, []).append(cell)
    results = {
        key: {cell.seed: finished[cell.key] for cell in cells if cell.key in finished}
        for key, cells in by_learner.items()
    }
    intervals = intervals_of(results)
    held_against = _find_baseline(baseline, by_learner)
    differences = differences_to(results, held_against)
    compared = shared_seeds(results.values())
    volumes = {
        key: values_of(found, "hypervolume") for key, found in results.items() if found and found.keys() == compared
    }
    best = max(volumes, key=lambda key: intervals[key]["hypervolume"].mean, default=None)
    near_best = tied_with_best(
        volumes, maximize=True, other_noise=lambda one, other: sample_noise(results[one], results[other])
    )
    tied = {key for key in near_best - {best} if len(volumes[key]) >= FEWEST_VALUES}
    rows = [
        Row(
            label=cells[0].label,
            method=cells[0].method,
            key=key,
            key_without_steps=without_steps(cells[0]),
            unfinished={
                cell.seed: why_unfinished(store, last.get(cell.key)) for cell in cells if cell.key not in finished
            },
            attempted={cell.seed: last[cell.key].run_id for cell in cells if cell.key in last.keys() - finished.keys()},
            results=results[key],
            intervals=intervals[key],
            against_baseline=differences[key],
            tied_with_best=key in tied,
        )
        for key, cells in by_learner.items()
    ]
    return Board(
        name=name,
        suite=cells[0].suite,
        tasks=cells[0].tasks,
        rows=sorted(rows, key=lambda row: (row.key not in volumes, -row.metrics.get("hypervolume", -np.inf))),
        reference_point=None if group is None else list(group.reference_point),
        reference_source="" if group is None else group.reference_source,
        reference_digest="" if group is None else group.reference_digest[:12],
        baseline=None if held_against is None else by_learner[held_against][0].label,
        seeds=tuple(sorted(compared)),
        neighbour=None if group is None else yardstick(group.neighbour_errors, sorted(compared), group.reference_point),
    )


def _find_baseline(baseline: str | None, by_learner: Mapping[str, Sequence[Cell]]) -> str | None:
    """Return the key of the learner with this label, else with this method; raise ConfigError where several have it."""
    if baseline is None:
        return None
    labelled = [key for key, cells in by_learner.items() if cells[0].label == baseline]
    found = labelled or [key for key, cells in by_learner.items() if cells[0].method == baseline]
    if len(found) > 1:
        board = by_learner[found[0]][0].group
        raise ConfigError(f"{len(found)} learners of {board} are called {baseline!r}; give a label that only one has")
    return found[0] if found else None
