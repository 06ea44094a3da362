"""What is recorded, read back: comparable fronts with their reference front and scores."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import FrontrunnerError
from ...metrics import Front, ReferenceFront, reference_front
from ...whole_file import replacing
from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..records.mlflow_tags import PREFIX
from ..records.store import Store
from .measures import NEED_THE_REFERENCE
from .score_cache import ScoreCache, open_cache
from .scores import own_scores, reference_scores

CLOSED_FORM = "closed form"


@dataclass(frozen=True)
class ScoredCell:
    """One finished cell."""

    attempt: Attempt
    scores: Mapping[str, float]
    """By the names of `measures.QUALITIES`, and `hypervolume_error` where the hypervolume is an estimate."""

    @functools.cached_property
    def record(self) -> FrontRecord:
        """All that was recorded of its front."""
        return self.attempt.record()


@dataclass(frozen=True)
class ComparableGroup:
    """Finished cells that are comparable, with the front their distances are measured to."""

    name: str
    suite: str
    tasks: tuple[str, ...]
    results: Sequence[ScoredCell]
    reference: ReferenceFront
    reference_digest: str
    closed_form: bool
    """Whether the reference is the true front, which no further run can change."""
    reference_point: tuple[float, ...]

    @property
    def reference_source(self) -> str:
        """`closed form`, or the union of how many runs."""
        n = len(self.results)
        return CLOSED_FORM if self.closed_form else f"union of {n} run{'s' if n > 1 else ''}"


@dataclass(frozen=True)
class _Member:
    """A finished cell before its group has a reference."""

    attempt: Attempt
    digest: str
    """Of its front."""
    own: Mapping[str, float]
    """Scores of the front by itself."""


def load_groups(store: Store, attempts: Sequence[Attempt] | None = None) -> list[ComparableGroup]:
    """Every group that has a finished cell; of several finished attempts at one, the first undamaged counts.

    Args:
        store: where they are recorded, and where scores are kept once computed (`scores.sqlite`).
        attempts: the store's, where they have been read already.

    Raises:
        StoreError: the store cannot be read.
    """
    with open_cache(store.folder) as cache:
        by_group: dict[str, dict[str, _Member]] = {}
        for attempt in store.attempts() if attempts is None else attempts:
            members = by_group.setdefault(attempt.cell.group, {})
            digest = None if attempt.cell.key in members else cache.digest(attempt)
            own = None if digest is None else _own(cache, attempt, digest)
            if digest is not None and own is not None:
                members[attempt.cell.key] = _Member(attempt, digest, own)
        return [_group(cache, name, list(members.values())) for name, members in by_group.items() if members]


def shown_fronts(store: Store, results: Sequence[ScoredCell]) -> list[Mapping[str, Any]]:
    """What a page shows of each: `objectives`, `preferences` (or None), `labels`, `specialist`, `pretrained`, JSON.

    Raises:
        StoreError: a front that has not been read before is missing or damaged.
    """
    with open_cache(store.folder) as cache:
        return [_content(cache, result.attempt, result.attempt.digests["front.parquet"]) for result in results]


def record_indicators(store: Store, groups: Sequence[ComparableGroup]) -> None:
    """Log what depends on the reference front on every run whose reference has changed; keep the reference itself."""
    for group in groups:
        _keep_reference(store, group)
        for result in group.results:
            if result.attempt.reference != group.reference_digest:
                store.log(
                    result.attempt.run_id,
                    metrics={name: result.scores[name] for name in NEED_THE_REFERENCE if name in result.scores},
                    tags={f"{PREFIX}reference_front": group.reference_digest},
                )


def _own(cache: ScoreCache, attempt: Attempt, digest: str) -> Mapping[str, float] | None:
    """Scores of a front by itself; None for one that cannot be scored."""
    found = cache.scores(digest)
    if found is None:
        try:
            record = attempt.record()
            found = own_scores(record)
        except FrontrunnerError:
            return None
        cache.keep_scores(digest, found)
        cache.keep_front(digest, _summary(record))
    return found


def _content(cache: ScoreCache, attempt: Attempt, digest: str) -> Mapping[str, Any]:
    return cache.front(digest) or _summary(attempt.record())


def _summary(record: FrontRecord) -> dict[str, Any]:
    def listed(values: Any) -> Any:
        return None if values is None else values.tolist()

    return {
        "objectives": record.evaluation.error.tolist(),
        "preferences": listed(record.evaluation.preferences),
        "labels": list(record.evaluation.labels),
        "specialist": listed(record.specialist),
        "pretrained": listed(record.pretrained),
    }


def _group(cache: ScoreCache, name: str, members: Sequence[_Member]) -> ComparableGroup:
    first = members[0].attempt.cell
    union_of = hashlib.sha256("/".join(sorted(member.digest for member in members)).encode()).hexdigest()
    kept = cache.reference(union_of)
    if kept is None:
        cache.write()  # the fronts just scored are looked up there
        kept = _reference(cache, members)
        cache.keep_reference(union_of, kept)
    reference = ReferenceFront(kept["objectives"])
    reference_digest = reference.digest
    results = []
    for member in members:
        against = cache.scores(member.digest, reference_digest)
        if against is None:
            front = Front(_content(cache, member.attempt, member.digest)["objectives"])
            against = reference_scores(front, reference)
            cache.keep_scores(member.digest, against, reference_digest)
        results.append(ScoredCell(member.attempt, {**member.own, **against}))
    return ComparableGroup(
        name=name,
        suite=first.suite,
        tasks=first.tasks,
        results=results,
        reference=reference,
        reference_digest=reference_digest,
        closed_form=kept["closed_form"],
        reference_point=tuple(kept["reference_point"]),
    )


def _reference(cache: ScoreCache, members: Sequence[_Member]) -> dict[str, Any]:
    """The true front where the suite knows it, else the best that any run has found."""
    first = members[0].attempt.record()
    truth = first.true_front()
    reference = truth or reference_front(
        Front(_content(cache, member.attempt, member.digest)["objectives"]) for member in members
    )
    return {
        "objectives": reference.objectives.tolist(),
        "closed_form": truth is not None,
        "reference_point": np.asarray(first.reference_point).tolist(),
    }


def _keep_reference(store: Store, group: ComparableGroup) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = store.folder / "reference_fronts"
    file = folder / f"{group.reference_digest[:16]}.parquet"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        columns = {f"error_{task}": group.reference.objectives[:, t] for t, task in enumerate(group.tasks)}
        with replacing(file) as partial:
            pq.write_table(pa.table(columns), partial)
