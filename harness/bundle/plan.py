"""What of a bundle is new to a store, what it has already, and where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..records.mlflow_tags import IMPORTED_FROM
from ..records.store import Store
from ..scoring.scored_cells import ComparableGroup, load_groups
from .comparable import differences, incomparable
from .format import NOT_RUN, Entry
from .reading import Bundle
from .tables import front_digest


@dataclass(frozen=True)
class Conflict:
    """What cannot stand beside what the store has."""

    what: str
    """A cell, or a group of comparable cells."""
    why: str
    key: str = ""
    """Of the cell; empty for a group."""

    def __str__(self) -> str:
        return f"{self.what} ({self.why})"


@dataclass(frozen=True)
class Plan:
    """What to do with the entries of a bundle."""

    comparable: Sequence[Entry]
    """Those of groups that the store scores in the same way."""
    new: frozenset[str]
    """Keys of the entries to add."""
    conflicts: Sequence[Conflict]
    notes: Sequence[str]
    """What a reader of the leaderboard should know, though nothing is refused for it."""


def make_plan(bundle: Bundle, store: Store) -> Plan:
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
    comparable = [entry for entry in bundle.entries if entry.spec.group not in barred]
    for entry in comparable:
        ours, theirs = own.get(entry.key), bundle.records.get(entry.key)
        if ours is not None and theirs is not None:
            conflicts += conflict(ours, theirs)
        elif ours is None and is_new(entry, tried.get(entry.key, []), asked=entry.key in asked):
            new.add(entry.key)
    return Plan(comparable, frozenset(new), conflicts, _notes(bundle, own))


def conflict(ours: FrontRecord, theirs: FrontRecord) -> list[Conflict]:
    """The conflict between two fronts of one cell; none where they are the same."""
    if front_digest(ours) == front_digest(theirs):
        return []
    return [Conflict(ours.cell.title, differences(ours, theirs), ours.cell.key)]


def is_new(entry: Entry, attempts: Sequence[Attempt], *, asked: bool) -> bool:
    """Whether an entry says more of its cell than a store that has these attempts at it, none with a front.

    An import that was killed half way has left an attempt that says nothing.
    """
    if entry.result is not None:
        return True
    said = [
        attempt
        for attempt in attempts
        if attempt.status != "running"
        and not (attempt.status == "killed" != entry.status and IMPORTED_FROM in attempt.tags)
    ]
    return not said and not (entry.status == NOT_RUN and (asked or bool(attempts)))


def _barred_groups(bundle: Bundle, groups: Mapping[str, ComparableGroup]) -> dict[str, Conflict]:
    """Groups that the bundle scores in another way than the store."""
    barred: dict[str, Conflict] = {}
    seen: set[str] = set()
    for theirs in bundle.records.values():
        name = theirs.cell.group
        if name in groups and name not in seen:
            seen.add(name)
            records = (result.record for result in groups[name].results)
            # The first says it all, but for the limit, which older files lack.
            ours = next(records)
            if theirs.hypervolume_limit is not None and ours.hypervolume_limit is None:
                ours = next((record for record in records if record.hypervolume_limit is not None), ours)
            if difference := incomparable(ours, theirs):
                barred[name] = Conflict(name, difference)
    return barred


def _notes(bundle: Bundle, own: Mapping[str, FrontRecord]) -> list[str]:
    """Seeds whose experts differ: their runs are compared seed by seed as if they had started from the same models."""
    experts = {(record.cell.group, record.cell.seed): record.problem for record in own.values()}
    differ: dict[str, set[int]] = {}
    for record in bundle.records.values():
        cell = record.cell
        if experts.get((cell.group, cell.seed), record.problem) != record.problem:
            differ.setdefault(cell.group, set()).add(cell.seed)
    return [
        f"the experts of {name}, seed {', '.join(map(str, sorted(seeds)))}, are not those of this store's runs"
        for name, seeds in differ.items()
    ]
