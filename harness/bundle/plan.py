"""Compare a bundle with a store: which cells are new, which the store has already, and where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..records.mlflow_tags import IMPORTED_FROM
from ..records.status import Status
from ..records.store import Store
from ..scoring.scored_cells import ComparableGroup, load_groups
from .comparable import differences, incomparable, same_front
from .shared_cell import Bundle, SharedCell


@dataclass(frozen=True)
class Conflict:
    """A disagreement between a bundle and a store, about a cell or a group of comparable cells."""

    what: str
    """The title of the cell, or the name of the group."""
    why: str
    key: str = ""
    """The cell's key; empty for a group."""

    def __str__(self) -> str:
        return f"{self.what} ({self.why})"


@dataclass(frozen=True)
class ImportPlan:
    """The plan of an import: what to do with the cells of a bundle."""

    comparable: Sequence[SharedCell]
    """The cells of every group that the store does not score in another way."""
    new: frozenset[str]
    """Keys of the cells to add."""
    conflicts: Sequence[Conflict]
    notes: Sequence[str]
    """Sentences that a reader of the leaderboard should know; nothing is refused for them."""


def make_plan(bundle: Bundle, store: Store) -> ImportPlan:
    """Compare a bundle with a store; nothing is written but the store's cache of scores."""
    attempts = store.attempts()
    groups = {group.name: group for group in load_groups(store, attempts)}
    own = {result.attempt.cell.key: result.record for group in groups.values() for result in group.results}
    asked = {cell.key for cell in store.expected_cells()}
    tried: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        tried.setdefault(attempt.cell.key, []).append(attempt)
    barred = _barred_groups(bundle, groups)
    conflicts = list(barred.values())
    new = set()
    comparable = [shared for shared in bundle.cells if shared.cell.group not in barred]
    for shared in comparable:
        ours, theirs = own.get(shared.key), shared.front
        if ours is not None and theirs is not None:
            conflicts += conflict(ours, theirs)
        elif ours is None and is_new(shared, tried.get(shared.key, []), asked=shared.key in asked):
            new.add(shared.key)
    return ImportPlan(comparable, frozenset(new), conflicts, _notes(bundle, own))


def conflict(ours: FrontRecord, theirs: FrontRecord) -> list[Conflict]:
    """Return the conflict between two fronts of one cell; an empty list where they are the same."""
    if same_front(ours, theirs):
        return []
    return [Conflict(ours.cell.title, differences(ours, theirs), ours.cell.key)]


def is_new(shared: SharedCell, attempts: Sequence[Attempt], *, asked: bool) -> bool:
    """Return whether a bundle says more of a cell than the store's attempts at it, none of which has a front.

    An attempt that a killed import has left behind counts as none.

    Args:
        shared: the cell as the bundle has it.
        attempts: the store's attempts at the cell.
        asked: whether a bench of the store has asked for the cell.
    """
    if shared.finished is not None:
        return True
    said = [
        attempt
        for attempt in attempts
        if attempt.status is not Status.RUNNING
        and not (attempt.status is Status.KILLED is not shared.status and IMPORTED_FROM in attempt.tags)
    ]
    return not said and not (shared.status is None and (asked or bool(attempts)))


def _barred_groups(bundle: Bundle, groups: Mapping[str, ComparableGroup]) -> dict[str, Conflict]:
    """Return a conflict, by name, for each group that the bundle scores in another way than the store."""
    barred: dict[str, Conflict] = {}
    seen: set[str] = set()
    for theirs in bundle.fronts():
        name = theirs.cell.group
        if name in groups and name not in seen:
            seen.add(name)
            records = (result.record for result in groups[name].results)
            # The first record speaks for its group, except that older files lack the limit.
            ours = next(records)
            if theirs.hypervolume_limit is not None and ours.hypervolume_limit is None:
                ours = next((record for record in records if record.hypervolume_limit is not None), ours)
            if difference := incomparable(ours, theirs):
                barred[name] = Conflict(name, difference)
    return barred


def _notes(bundle: Bundle, own: Mapping[str, FrontRecord]) -> list[str]:
    """Name the seeds whose experts differ: their runs are compared as if they had started from the same models."""
    experts = {(record.cell.group, record.cell.seed): record.problem for record in own.values()}
    differ: dict[str, set[int]] = {}
    for record in bundle.fronts():
        cell = record.cell
        if experts.get((cell.group, cell.seed), record.problem) != record.problem:
            differ.setdefault(cell.group, set()).add(cell.seed)
    return [
        f"the experts of {name}, seed {', '.join(map(str, sorted(seeds)))}, are not those of this store's runs"
        for name, seeds in differ.items()
    ]
