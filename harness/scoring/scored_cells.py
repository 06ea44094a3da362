"""Group finished cells that are comparable, and score each group against its reference front, every front once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import FrontError, ServerAwayError, StoreError
from ...metrics import Indicator, ReferenceFront, ScoringInput
from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..records.store import Store
from .group_reference import make_reference
from .kept_fronts import content_of, front_content, to_score
from .kept_scores import scores_of
from .resampled_examples import resampled_of
from .score_cache import ScoreCache, open_cache
from .scores import by_indicator, own_indicators, reference_indicators

CLOSED_FORM = "closed form"
"""The source of a reference front that is the true front."""


@dataclass(frozen=True)
class ScoredCell:
    """One finished cell with its scores."""

    attempt: Attempt
    scores: Mapping[str, float]
    """Values by the indicator's name, and `hypervolume_error` where the hypervolume is an estimate."""
    resampled: NDArray[np.float32] | None = field(default=None, compare=False)
    """Hypervolumes on resampled test examples, see `resampled_hypervolumes`; None where errors by example are not
    recorded. The k-th values of cells that were evaluated on the same examples are on the same sample."""
    unreadable: str = ""
    """Why recorded errors by example could not be read, with the file's name; empty where they could, or none are
    recorded."""

    @functools.cached_property
    def record(self) -> FrontRecord:
        """The recorded front, read on first use."""
        return self.attempt.record()


@dataclass(frozen=True)
class ComparableGroup:
    """Finished cells that are comparable, with the front that their distances are measured to."""

    name: str
    """The name of the group, as `Cell.group` gives it."""
    suite: str
    tasks: tuple[str, ...]
    results: Sequence[ScoredCell]
    reference: ReferenceFront
    reference_digest: str
    closed_form: bool
    """Whether the reference is the true front, which no further run can change."""
    reference_point: tuple[float, ...]
    """The hypervolume's reference point, T numbers."""
    neighbour_errors: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    """Error of 1-nearest-neighbour on raw inputs on every task, T numbers by seed; seeds without it are absent."""

    @property
    def reference_source(self) -> str:
        """`closed form`, or `union of N runs`."""
        n = len(self.results)
        return CLOSED_FORM if self.closed_form else f"union of {n} run{'s' if n > 1 else ''}"


@dataclass(frozen=True)
class _Member:
    """A finished cell whose group has no reference front yet."""

    attempt: Attempt
    digest: str
    """Digest of the cell's front."""
    own: Mapping[str, float]
    """Scores that need no reference front, by the indicator's name."""
    resampled: NDArray[np.float32] | None
    """Hypervolumes on resampled test examples, where errors by example are recorded."""
    unreadable: str
    """See `ScoredCell.unreadable`."""


def load_groups(store: Store, attempts: Sequence[Attempt] | None = None) -> list[ComparableGroup]:
    """Return every group that has a finished cell; of several finished attempts at a cell, the newest undamaged counts.

    Args:
        store: the store that the cells are recorded in, and whose folder keeps scores (`scores.sqlite`).
        attempts: the store's attempts, if they have been read already.

    Raises:
        StoreError: the store cannot be read. ConfigError: a third party's indicator fails.
    """
    indicators = own_indicators()
    read = store.attempts() if attempts is None else attempts
    store.bring(read)
    with open_cache(store.folder) as cache:
        by_group: dict[str, dict[str, list[Attempt]]] = {}
        for attempt in read:
            by_group.setdefault(attempt.cell.group, {}).setdefault(attempt.cell.key, []).append(attempt)
        found = {
            name: [member for tried in cells.values() if (member := _newest(cache, tried, indicators)) is not None]
            for name, cells in by_group.items()
        }
        return [_group(cache, name, members) for name, members in found.items() if members]


def _newest(cache: ScoreCache, attempts: Sequence[Attempt], indicators: dict[str, Indicator]) -> _Member | None:
    """Return the newest attempt at a cell that finished and can be scored; `attempts` are oldest first."""
    for attempt in reversed(attempts):
        digest = cache.digest(attempt)
        own = None if digest is None else _own(cache, attempt, digest, indicators)
        if digest is not None and own is not None:
            return _Member(attempt, digest, own, *resampled_of(cache, attempt, digest))
    return None


def _own(
    cache: ScoreCache, attempt: Attempt, digest: str, indicators: dict[str, Indicator]
) -> Mapping[str, float] | None:
    """Return the scores of a front that need no reference, kept or computed now; None where it cannot be scored."""

    def scored() -> ScoringInput:
        record = attempt.record()
        cache.keep_front(digest, front_content(record))
        return record.to_score()

    try:
        return by_indicator(scores_of(cache, digest, indicators, scored), indicators)
    except ServerAwayError:
        raise
    except (StoreError, FrontError):
        return None


def _group(cache: ScoreCache, name: str, members: Sequence[_Member]) -> ComparableGroup:
    """Return the group of these members, with its reference front and all scores."""
    first = members[0].attempt.cell
    union_of = hashlib.sha256("/".join(sorted(member.digest for member in members)).encode()).hexdigest()
    kept = cache.reference(union_of)
    if kept is None:
        cache.write()  # `make_reference` looks up the fronts that were just scored
        kept = make_reference(cache, [(member.attempt, member.digest) for member in members])
        cache.keep_reference(union_of, kept)
    reference = ReferenceFront(kept["objectives"])
    reference_digest = reference.digest
    indicators = reference_indicators()
    results = []
    for member in members:
        scored = functools.partial(_against, cache, member, reference)
        against = scores_of(cache, member.digest, indicators, scored, reference_digest)
        results.append(
            ScoredCell(
                member.attempt, {**member.own, **by_indicator(against, indicators)}, member.resampled, member.unreadable
            )
        )
    return ComparableGroup(
        name=name,
        suite=first.suite,
        tasks=first.tasks,
        results=results,
        reference=reference,
        reference_digest=reference_digest,
        closed_form=kept["closed_form"],
        reference_point=tuple(kept["reference_point"]),
        neighbour_errors={int(seed): tuple(errors) for seed, errors in kept["neighbour_errors"].items()},
    )


def _against(cache: ScoreCache, member: _Member, reference: ReferenceFront) -> ScoringInput:
    """Return what indicators look at of a member's front against a reference."""
    return to_score(content_of(cache, member.attempt, member.digest), reference)
