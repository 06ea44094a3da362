"""What is recorded, read back: comparable fronts with their reference front and scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics import Front, ReferenceFront, igd, igd_plus, reference_front
from .attempt import Attempt
from .front_record import FrontRecord
from .store import PREFIX, Store


@dataclass(frozen=True)
class Result:
    """One finished cell."""

    attempt: Attempt
    record: FrontRecord


@dataclass(frozen=True)
class Scores:
    """Quality of one front; hypervolume is maximised, the distances are minimised."""

    hypervolume: float
    igd: float
    igd_plus: float
    hypervolume_ratio: float | None
    """Share of the hypervolume that can be reached, where that is known."""


@dataclass(frozen=True)
class Group:
    """Finished cells that are comparable, with the front their distances are measured to."""

    name: str
    suite: str
    tasks: tuple[str, ...]
    results: Sequence[Result]
    reference: ReferenceFront
    reference_source: str
    """`closed form`, or the union of how many runs."""

    def score(self, result: Result) -> Scores:
        """Computed from the recorded front, never from memory."""
        front = result.record.front()
        volume = result.record.hypervolume()
        return Scores(
            hypervolume=volume.value,
            **distances(front, self.reference),
            hypervolume_ratio=result.record.hypervolume_ratio(volume),
        )


def load_groups(attempts: Iterable[Attempt]) -> list[Group]:
    """Every group that has a finished cell; of several finished attempts at one, the first undamaged counts."""
    by_group: dict[str, dict[str, Result]] = {}
    for attempt in attempts:
        members = by_group.setdefault(attempt.cell.group, {})
        record = None if attempt.cell.key in members else attempt.intact()
        if record is not None:
            members[attempt.cell.key] = Result(attempt, record)
    return [_group(name, list(members.values())) for name, members in by_group.items() if members]


def record_indicators(store: Store, groups: Sequence[Group]) -> None:
    """Log IGD and IGD+ on every run whose reference front has changed; keep the reference itself."""
    for group in groups:
        _keep_reference(store, group)
        for result in group.results:
            if result.attempt.reference != group.reference.digest:
                store.log(
                    result.attempt.run_id,
                    metrics=distances(result.record.front(), group.reference),
                    tags={f"{PREFIX}reference_front": group.reference.digest},
                )


def distances(front: Front, reference: ReferenceFront) -> dict[str, float]:
    """`igd` and `igd_plus` of a front, minimised."""
    return {"igd": igd(front, reference), "igd_plus": igd_plus(front, reference)}


def _group(name: str, results: list[Result]) -> Group:
    first = results[0].record
    truth: NDArray[np.float64] | None = first.pareto_front
    fronts = [Front(truth)] if truth is not None else [result.record.front() for result in results]
    reference = reference_front(fronts)
    return Group(
        name=name,
        suite=first.cell.suite,
        tasks=first.cell.tasks,
        results=results,
        reference=reference,
        reference_source="closed form"
        if truth is not None
        else f"union of {len(results)} run{'s' if len(results) > 1 else ''}",
    )


def _keep_reference(store: Store, group: Group) -> None:
    folder = store.folder / "reference_fronts"
    file = folder / f"{group.reference.digest[:16]}.parquet"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        columns = {f"error_{task}": group.reference.objectives[:, t] for t, task in enumerate(group.tasks)}
        partial = file.with_suffix(f".{os.getpid()}.partial")  # another bench may write the same reference
        pd.DataFrame(columns).to_parquet(partial)
        partial.replace(file)
