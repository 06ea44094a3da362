"""Adds the results of a bundle to a store: all of it is checked, then compared with what is there, then recorded."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ...errors import StoreError
from ...file_digest import digest_files
from ..cells.cell import cells_document
from ..records.front_record import FrontRecord
from ..records.mlflow_reader import read_runs
from ..records.mlflow_tags import IMPORTED_FROM, NOTE, PREFIX
from ..records.store import Store
from ..reports.mlflow_note import cell_params, finished_note, unfinished_note
from ..scoring.measures import QUALITIES
from ..scoring.scored_cells import load_groups, record_indicators
from ..scoring.scores import own_scores
from .format import NOT_RUN, Entry
from .plan import Conflict, conflict, is_new, make_plan
from .reading import Bundle, read_bundle
from .summary import ImportSummary, listed

LOCK_WAIT_S = 10.0
"""For a cell that another process works on: another import needs a fraction of it, a bench may need hours."""
INTERRUPTED = "its import was interrupted; the same import continues"
BUSY = "busy"


@dataclass(frozen=True)
class _Import:
    store: Store
    bundle: Bundle
    origin: str
    """Name of the file and digest of its content."""


def import_bundle(store: Store, file: Path, *, ours: bool = False) -> ImportSummary:
    """Add what a bundle holds and the store lacks; the same import again continues after a kill, or changes nothing.

    Nothing is recorded before the whole bundle has been checked and compared with the store. Imported cells count as
    settled: a bench that asks for them does not run them again. They have no weights, so no models can be made of
    them, and no pictures; all else treats them like the store's own, MLflow's UI included. The tag
    `frontrunner.imported_from` of their runs names the bundle.

    Args:
        store: what to add to.
        file: a bundle, by `export_bundle`.
        ours: where the two disagree, keep what the store has and add the rest.

    Raises:
        StoreError: the bundle cannot be read or is damaged; or, unless `ours`, it has another front for a cell of
            the store, or results that were scored in another way than those they would be compared with.
    """
    bundle = read_bundle(file)
    plan = make_plan(bundle, store)
    if plan.conflicts and not ours:
        raise StoreError(
            f"{file.name} and this store disagree on {listed(plan.conflicts)}; nothing was imported; "
            "with --ours this store's results are kept and the rest is added"
        )
    importing = _Import(store, bundle, f"{file.name} {bundle.digest[:16]}")
    became: Counter[str] = Counter()
    conflicts, busy = list(plan.conflicts), []
    parents = []
    try:
        for suite in dict.fromkeys(entry.spec.suite for entry in plan.comparable):
            mine = [entry for entry in plan.comparable if entry.spec.suite == suite]
            new = [entry for entry in mine if entry.key in plan.new]
            if new or _was_interrupted(store, suite, bundle):
                parents.append(parent := _parent(importing, suite, mine))
                for entry in new:
                    found = _add(importing, parent, entry)
                    if isinstance(found, Conflict):
                        conflicts.append(found)
                    elif found == BUSY:
                        busy.append(entry.spec.title)
                    else:
                        became[found] += 1
        if parents:
            record_indicators(store, load_groups(store))
        for parent in parents:
            store.end(parent, "finished")
    except BaseException:
        with contextlib.suppress(StoreError):
            for parent in parents:
                store.end(parent, "killed")
        raise
    added = became["finished"] + became["unfinished"]
    return ImportSummary(
        file=file,
        finished=became["finished"],
        unfinished=became["unfinished"],
        already=len(plan.comparable) - added - len(busy) - sum(bool(one.key) for one in conflicts),
        conflicts=tuple(conflicts),
        busy=tuple(busy),
        notes=tuple(plan.notes),
    )


def _parent(importing: _Import, suite: str, entries: Sequence[Entry]) -> str:
    """The run above the imported cells of a suite, by which the store knows that they were asked for."""
    store, digest = importing.store, importing.bundle.digest[:16]
    cells = {"cells.json": cells_document(entry.spec for entry in entries)}
    name = f"imported from {importing.origin.rpartition(' ')[0]}"
    parent = store.parent_run("bench", suite, name, digest, cells)
    store.log(parent, tags={f"{PREFIX}status": "running", IMPORTED_FROM: importing.origin})
    return parent


def _was_interrupted(store: Store, suite: str, bundle: Bundle) -> bool:
    """Whether an earlier import of this bundle has not come to its end."""
    runs = read_runs(store.folder / "mlflow.db", f"{PREFIX}bench", bundle.digest[:16])
    return any(run.experiment == suite and run.tags.get(f"{PREFIX}status") != "finished" for run in runs)


def _add(importing: _Import, parent: str, entry: Entry) -> str | Conflict:
    """What became of an entry: finished, unfinished, already (another process was faster), busy, or a conflict."""
    store, record = importing.store, importing.bundle.records.get(entry.key)
    if entry.status == NOT_RUN:
        return "unfinished"  # its parent says that it was asked for
    try:
        with store.lock(entry.spec).acquire(timeout=LOCK_WAIT_S):
            attempts = store.attempts(entry.spec)
            ours = next((found for attempt in attempts if (found := attempt.intact()) is not None), None)
            if ours is not None:
                return next(iter(conflict(ours, record)), "already") if record is not None else "already"
            if not is_new(entry, attempts, asked=True):
                return "already"
            _record(importing, parent, entry, record)
            return "unfinished" if record is None else "finished"
    except Timeout:
        return BUSY


def _record(importing: _Import, parent: str, entry: Entry, record: FrontRecord | None) -> None:
    store = importing.store
    run_id = store.start(entry.spec, parent)
    try:
        if record is None:
            note = unfinished_note(entry.spec, entry.status, entry.reason, log=False)
            store.log(run_id, params=cell_params(entry.spec), tags={NOTE: note, IMPORTED_FROM: importing.origin})
        else:
            _write(importing, run_id, entry, record)
    except BaseException:
        with contextlib.suppress(StoreError):
            store.end(run_id, "killed", INTERRUPTED)
        raise
    store.end(run_id, entry.status, entry.reason)


def _write(importing: _Import, run_id: str, entry: Entry, record: FrontRecord) -> None:
    """What a worker and the bench leave behind of a finished cell, but for weights, log and picture."""
    store, cell, result = importing.store, entry.spec, entry.result
    assert result is not None  # it has a record
    curve = importing.bundle.curves.get(entry.key, [])
    routing = importing.bundle.routing.get(entry.key)
    measured = {name: value for name, value in result.metrics.items() if name not in QUALITIES}
    metrics = own_scores(record) | measured  # qualities are computed here, those to a reference front at the end
    try:
        with store.scratch(cell) as scratch:
            record.write(scratch / "front.parquet")
            if routing is not None:
                (scratch / "routing.parquet").write_bytes(routing)
            digests = {file.name: digest_files(file) for file in sorted(scratch.iterdir())}
            config = {**cell.to_json(), "resolved": result.resolved}
            for name, content in (("config", config), ("metrics", measured), ("curve", curve)):
                (scratch / f"{name}.json").write_text(json.dumps(content, indent=2 if name == "config" else None))
            store.log(
                run_id,
                params=result.resolved | cell_params(cell),
                metrics=metrics,
                curve=curve,
                tags={
                    NOTE: finished_note(cell, run_id, metrics),
                    f"{PREFIX}hypervolume_exact": str(result.hypervolume_error is None),
                    f"{PREFIX}digests": json.dumps(digests),
                    IMPORTED_FROM: importing.origin,
                    **{f"{PREFIX}{name}": value for name, value in result.environment.items()},
                },
            )
            store.add_artifacts(run_id, scratch)
    except OSError as error:
        raise StoreError(f"the result of {cell.title} cannot be written ({error}); free some space") from error
