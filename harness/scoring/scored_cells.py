"""Group finished cells that are comparable, and score each group against its reference front, every front once."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FrontError, StoreError
from ...metrics import Front, Indicator, ReferenceFront, ScoringInput, reference_front
from ...metrics.sample_noise import resampled_hypervolumes
from ..records.attempt import Attempt
from ..records.finished_cell import EXAMPLE_ERRORS, FRONT
from ..records.front_record import FrontRecord
from ..records.mlflow_tags import PREFIX, WARNINGS
from ..records.shown_metrics import rounded
from ..records.store import Store
from .kept_fronts import front_content, to_score
from .references import keep_reference, true_reference
from .score_cache import ScoreCache, Scores, open_cache
from .scores import by_indicator, own_indicators, reference_indicators, values
from .set_warnings import as_sentence, set_warnings

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


def score_finished(store: Store, attempt: Attempt, record: FrontRecord) -> dict[str, float]:
    """Score a cell that has just finished, and keep its scores in the store's folder.

    Args:
        store: the store that the cell is recorded in, and whose folder keeps scores (`scores.sqlite`).
        attempt: the recorded attempt.
        record: its front, which was checked when it was recorded and is not read again.

    Returns:
        Values by the indicator's name; those that need a reference front only where the true front is known.

    Raises:
        FrontError: the hypervolume is too large for a float. ConfigError: a third party's indicator fails.
    """
    front = attempt.digests[FRONT]
    with open_cache(store.folder, add_only=True) as cache:
        cache.keep_file(attempt)
        cache.keep_front(front, front_content(record))
        own = values(record.to_score(), own_indicators())
        cache.keep_scores(front, own)
        with contextlib.suppress(StoreError):  # boards will name the file
            if (volumes := _resample(attempt, record.reference_point)) is not None:
                cache.keep_resampled(front, volumes)
        against: Scores = {}
        if record.pareto_front is not None:
            reference = true_reference(record)
            against = values(record.to_score(reference), reference_indicators())
            cache.keep_scores(front, against, reference.digest)
    return by_indicator(own) | by_indicator(against)


def recorded_scores(store: Store, attempt: Attempt) -> dict[str, float]:
    """Return what `score_finished` returns, of a cell that finished some time ago; only scores not kept are computed.

    Raises:
        StoreError: the front is missing or damaged. FrontError, ConfigError: as `score_finished`.
    """
    front, record = attempt.digests[FRONT], attempt.record()
    own, against = own_indicators(), reference_indicators()
    with open_cache(store.folder) as cache:
        found = by_indicator(_kept(cache, front, own, record.to_score), own)
        if record.pareto_front is not None:
            reference = true_reference(record)
            kept = _kept(cache, front, against, lambda: record.to_score(reference), reference.digest)
            found |= by_indicator(kept, against)
    return found


def load_groups(store: Store, attempts: Sequence[Attempt] | None = None) -> list[ComparableGroup]:
    """Return every group that has a finished cell; of several finished attempts at a cell, the newest undamaged counts.

    Args:
        store: the store that the cells are recorded in, and whose folder keeps scores (`scores.sqlite`).
        attempts: the store's attempts, if they have been read already.

    Raises:
        StoreError: the store cannot be read. ConfigError: a third party's indicator fails.
    """
    indicators = own_indicators()
    with open_cache(store.folder) as cache:
        by_group: dict[str, dict[str, list[Attempt]]] = {}
        for attempt in store.attempts() if attempts is None else attempts:
            by_group.setdefault(attempt.cell.group, {}).setdefault(attempt.cell.key, []).append(attempt)
        found = {
            name: [member for tried in cells.values() if (member := _newest(cache, tried, indicators)) is not None]
            for name, cells in by_group.items()
        }
        return [_group(cache, name, members) for name, members in found.items() if members]


def shown_fronts(store: Store, results: Sequence[ScoredCell]) -> list[Mapping[str, Any]]:
    """Return the content of the fronts of these results, as reports show it, in JSON values.

    Each front has `objectives`, `losses`, `preferences` (or None), `labels`, `reference_point`, `true_hypervolume`,
    `expert_errors`, `pretrained_errors` and `neighbour_errors`.

    Raises:
        StoreError: a front that has not been read before is missing or damaged.
    """
    with open_cache(store.folder) as cache:
        return [_content(cache, result.attempt, result.attempt.digests[FRONT]) for result in results]


def publish_reference_scores(store: Store, groups: Sequence[ComparableGroup]) -> None:
    """Log what has changed on the runs since they were scored, and write the references.

    That is the scores against a reference front that others have moved, and the scores and warnings of runs that an
    older version has recorded.
    """
    for group in groups:
        keep_reference(store, group.reference, group.tasks)
        for result in group.results:
            attempt, scores = result.attempt, result.scores
            tags = {
                f"{PREFIX}reference_front": group.reference_digest,
                WARNINGS: as_sentence(set_warnings(attempt, scores)),
            }
            changed = {name: tag for name, tag in tags.items() if attempt.tags.get(name, "") != tag}
            metrics = {name: value for name, value in scores.items() if attempt.metrics.get(name) != rounded(value)}
            if changed or metrics:
                store.log(attempt.run_id, metrics=metrics, tags=changed)


def _newest(cache: ScoreCache, attempts: Sequence[Attempt], indicators: dict[str, Indicator]) -> _Member | None:
    """Return the newest attempt at a cell that finished and can be scored; `attempts` are oldest first."""
    for attempt in reversed(attempts):
        digest = cache.digest(attempt)
        own = None if digest is None else _own(cache, attempt, digest, indicators)
        if digest is not None and own is not None:
            return _Member(attempt, digest, own, *_resampled(cache, attempt, digest))
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
        return by_indicator(_kept(cache, digest, indicators, scored), indicators)
    except (StoreError, FrontError):
        return None


def _resampled(cache: ScoreCache, attempt: Attempt, digest: str) -> tuple[NDArray[np.float32] | None, str]:
    """Return a front's hypervolumes on resampled test examples, kept or computed now, and why there are none.

    There are none, and no reason is given, where no errors by example are recorded.
    """
    if EXAMPLE_ERRORS not in attempt.digests:
        return None, ""
    kept = cache.resampled(digest)
    if kept is None:
        try:
            volumes = _resample(attempt, np.asarray(_content(cache, attempt, digest)["reference_point"]))
        except StoreError as error:  # the front is whole, and its scores count
            return None, str(error)
        if volumes is not None:
            cache.keep_resampled(digest, volumes)
            kept = cache.resampled(digest)
    return kept, ""


def _resample(attempt: Attempt, reference_point: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return a front's hypervolumes on resampled test examples; None where no errors by example are recorded.

    Raises:
        StoreError: those that are recorded are missing or damaged.
    """
    found = attempt.example_errors()
    if found is None:
        return None
    return resampled_hypervolumes([found.wrong(t) for t in range(len(found.bits))], reference_point)


def _kept(
    cache: ScoreCache,
    front: str,
    indicators: dict[str, Indicator],
    scored: Callable[[], ScoringInput],
    reference: str = "",
) -> Scores:
    """Return the scores of a front, alone or against a reference, from the cache; those missing there are added to it.

    Args:
        front: the front's digest.
        indicators: by name and version.
        scored: gives what the indicators look at; called only if one is missing.
        reference: the reference front's digest.
    """
    found = cache.scores(front, reference)
    missing = {key: indicator for key, indicator in indicators.items() if key not in found}
    if missing:
        found = {**found, **values(scored(), missing)}
        cache.keep_scores(front, found, reference)
    return found


def _content(cache: ScoreCache, attempt: Attempt, digest: str) -> Mapping[str, Any]:
    """Return the content of a front, kept or read now."""
    return cache.front(digest) or front_content(attempt.record())


def _group(cache: ScoreCache, name: str, members: Sequence[_Member]) -> ComparableGroup:
    """Return the group of these members, with its reference front and all scores."""
    first = members[0].attempt.cell
    union_of = hashlib.sha256("/".join(sorted(member.digest for member in members)).encode()).hexdigest()
    kept = cache.reference(union_of)
    if kept is None:
        cache.write()  # `_reference` looks up the fronts that were just scored
        kept = _reference(cache, members)
        cache.keep_reference(union_of, kept)
    reference = ReferenceFront(kept["objectives"])
    reference_digest = reference.digest
    indicators = reference_indicators()
    results = []
    for member in members:
        scored = functools.partial(_against, cache, member, reference)
        against = _kept(cache, member.digest, indicators, scored, reference_digest)
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
    return to_score(_content(cache, member.attempt, member.digest), reference)


def _reference(cache: ScoreCache, members: Sequence[_Member]) -> dict[str, Any]:
    """Return the true front where the suite knows it, else the non-dominated union of the members' fronts."""
    first = members[0].attempt.record()
    reference = (
        reference_front(Front(_content(cache, member.attempt, member.digest)["objectives"]) for member in members)
        if first.pareto_front is None
        else true_reference(first)
    )
    return {
        "objectives": reference.objectives.tolist(),
        "closed_form": first.pareto_front is not None,
        "reference_point": np.asarray(first.reference_point).tolist(),
        "neighbour_errors": {} if first.pareto_front is not None else _neighbours(cache, members),
    }


def _neighbours(cache: ScoreCache, members: Sequence[_Member]) -> dict[str, list[float]]:
    """Return the errors of 1-nearest-neighbour by seed, as text; objectives in closed form have no inputs."""
    found: dict[str, list[float]] = {}
    for member in members:
        errors = _content(cache, member.attempt, member.digest)["neighbour_errors"]
        if errors is not None:
            found[str(member.attempt.cell.seed)] = errors
    return found
