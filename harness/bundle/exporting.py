"""Writes a bundle: what a store holds of its cells, in one file that says nothing of the machine it lies on."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import itertools
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from ...errors import ConfigError, StoreError, UnknownNameError
from ...whole_file import replacing
from ..cells.cell import Cell, as_one_line
from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..records.requested_cells import requested_cells
from ..records.store import Store
from ..scoring.measures import NEED_THE_REFERENCE
from ..scoring.scored_cells import ComparableGroup, ScoredCell, load_groups
from ..scoring.scores import HYPERVOLUME_ERROR
from .comparable import incomparable
from .format import FORMAT, NOT_RUN, VERSION, Content, Entry, SharedResult, validation_message
from .summary import BundleSummary
from .tables import array_digest, front_digest, write_fronts, write_pareto_fronts

ROUTING = "routing.parquet"
DAMAGED = "its recorded front could not be read when it was shared"
RUNNING = "it was running when it was shared"


def export_bundle(store: Store, file: Path, *, suite: str | None = None) -> BundleSummary:
    """Write what is recorded of every cell, finished or not, to one .zip file that `import_bundle` reads.

    It holds of a finished cell the front with all that its scores are computed from, costs, environment, training
    curve and merge coefficients; of the others why they did not finish. It holds no weights, and of paths in reasons
    only the last part; a learner's options are shared as they are.

    Args:
        store: what to share.
        file: replaced once the new one is whole.
        suite: this suite only.

    Raises:
        UnknownNameError: nothing is recorded of that suite.
        StoreError: nothing is recorded at all, or the runs of one group were scored in two ways.
        ConfigError: the file cannot be written, or does not end in .zip.
    """
    if file.suffix != ".zip":
        raise ConfigError(f"a bundle is a .zip file, found {str(file)!r}")
    attempts = store.attempts()
    cells = _cells(store, attempts, suite)
    groups = [group for group in load_groups(store, attempts) if suite in (None, group.suite)]
    results = {result.attempt.cell.key: result for group in groups for result in group.results}
    last = {attempt.cell.key: attempt for attempt in attempts}
    records = {key: results[key].record for key in cells if key in results}
    _check_comparable(groups, records)
    entries = [_entry(cell, results.get(key), records.get(key), last.get(key)) for key, cell in cells.items()]
    about = Content.model_validate(
        {
            "format": FORMAT,
            "version": VERSION,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "frontrunner": importlib.metadata.version("frontrunner"),
            "orientation": "minimise",
            "cells": entries,
        }
    )
    truths = {array_digest(r.pareto_front): r.pareto_front for r in records.values() if r.pareto_front is not None}
    curves = {key: curve for key in records if (curve := results[key].attempt.noted("curve.json", list))}
    members = {
        "bundle.json": json.dumps(about.model_dump(), indent=1).encode(),
        "fronts.parquet": write_fronts(records),
        "pareto_fronts.parquet": write_pareto_fronts(truths),
        "curves.json": json.dumps(curves).encode(),
    }
    _write(file, members, _routing_files(entries, results))
    return BundleSummary(
        file=file,
        finished=len(records),
        unfinished=len(cells) - len(records),
        suites=tuple(dict.fromkeys(cell.suite for cell in cells.values())),
        size_bytes=file.stat().st_size,
    )


def _cells(store: Store, attempts: Sequence[Attempt], suite: str | None) -> dict[str, Cell]:
    """Everything that leaderboards show, in their order, suite by suite."""
    cells = requested_cells(store, attempts)
    suites = list(dict.fromkeys(cell.suite for cell in cells))
    if not suites:
        raise StoreError(f"nothing is recorded in {store.folder}; run something first, or name another with --store")
    if suite is not None and suite not in suites:
        raise UnknownNameError("recorded suite", suite, suites)
    ordered = sorted(cells, key=lambda cell: suites.index(cell.suite))
    return {cell.key: cell for cell in ordered if suite in (None, cell.suite)}


def _check_comparable(groups: Sequence[ComparableGroup], records: Mapping[str, FrontRecord]) -> None:
    for group in groups:
        first, *rest = (records[result.attempt.cell.key] for result in group.results)
        for record in rest:
            if difference := incomparable(first, record, ("for one run", "for another")):
                raise StoreError(
                    f"the runs of {group.name} were scored in two ways and are not comparable: {difference}; "
                    "delete those of the older kind in MLflow, or share another suite with --suite"
                )


def _entry(cell: Cell, result: ScoredCell | None, record: FrontRecord | None, last: Attempt | None) -> Entry:
    status, reason = NOT_RUN, ""
    if result is not None:
        status = "finished"
    elif last is not None:
        stands_for = {"finished": ("failed", DAMAGED), "running": ("killed", RUNNING)}
        status, reason = stands_for.get(last.status, (last.status, _without_paths(last.reason)))
    try:
        return Entry.model_validate(
            {
                "key": cell.key,
                "cell": cell.to_json(),
                "status": status,
                "reason": reason,
                "result": None if result is None or record is None else _shared(result, record),
            }
        )
    except ValidationError as error:
        raise StoreError(f"{cell.title} cannot be shared: {validation_message(error)}") from error


def _shared(result: ScoredCell, record: FrontRecord) -> SharedResult:
    attempt = result.attempt
    drawn = {f"train_{name}" for point in attempt.noted("curve.json", list) for name in point}
    metrics = {
        name: value
        for name, value in attempt.metrics.items()
        if name not in NEED_THE_REFERENCE and name not in drawn  # both are made again where they are read
    }
    return SharedResult(
        members=len(record.evaluation.labels),
        digest=front_digest(record),
        reference_point=record.reference_point.tolist(),
        pareto_front=None if record.pareto_front is None else array_digest(record.pareto_front),
        hypervolume_limit=record.hypervolume_limit,
        specialist=None if record.specialist is None else record.specialist.tolist(),
        pretrained=None if record.pretrained is None else record.pretrained.tolist(),
        problem=record.problem,
        hypervolume=result.scores["hypervolume"],
        hypervolume_error=result.scores.get(HYPERVOLUME_ERROR),
        environment=record.environment,
        metrics=metrics,
        resolved=attempt.noted("config.json", dict).get("resolved", {}),
        routing=_routing_digest(attempt),
    )


def _routing_digest(attempt: Attempt) -> str | None:
    try:
        return hashlib.sha256(attempt.artifact(ROUTING).read_bytes()).hexdigest()
    except StoreError:  # most sets merge nothing; a damaged file is left out
        return None


def _routing_files(entries: Sequence[Entry], results: Mapping[str, ScoredCell]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        if entry.result is not None and entry.result.routing is not None:
            content = results[entry.key].attempt.artifact(ROUTING).read_bytes()
            yield f"routing/{entry.key}.parquet", content


def _without_paths(reason: str) -> str:
    """Of every absolute path only the last part: where files lay is the business of that machine."""
    shortened = re.sub(r"(?<![\w.:/\\…-])(?:~|[A-Za-z]:)?[/\\](?:[^\s'\"/\\,;()\[\]]+[/\\])+", "…/", reason)
    return as_one_line(shortened)[:2000]


def _write(file: Path, members: Mapping[str, bytes], more: Iterator[tuple[str, bytes]]) -> None:
    try:
        with replacing(file) as partial, zipfile.ZipFile(partial, "w") as archive:
            for name, content in itertools.chain(members.items(), more):
                about = zipfile.ZipInfo(name)  # of 1980: when it was made stands in bundle.json
                about.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
                archive.writestr(about, content)
    except OSError as error:
        raise ConfigError(f"the bundle {file} cannot be written ({error.strerror or error})") from error
