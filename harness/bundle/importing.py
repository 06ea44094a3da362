"""Add the cells of a bundle to a store: the whole bundle is checked, compared with the store, then recorded."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from ...errors import ClaimedError, StoreError
from ...tasks.cache_folder import because_in
from ..cells.cell import cells_document
from ..records.attempt import Attempt
from ..records.mlflow_tags import IMPORTED_FROM, NOTE, PREFIX
from ..records.parent_files import CELLS
from ..records.status import Ending, Status
from ..records.store import Store
from ..reports.publish_cell import publish_ending, publish_scores
from ..reports.published_scores import publish_reference_scores
from ..scoring.scored_cells import load_groups
from .plan import Conflict, ImportPlan, conflict, is_new, make_plan
from .reading import read_bundle
from .shared_cell import Bundle, SharedCell
from .summary import ImportSummary, listed

LOCK_WAIT_S = 10.0
"""Seconds to wait for a cell that another process works on: an import takes a fraction of them, a bench maybe hours."""
INTERRUPTED = Ending(Status.KILLED, "its import was interrupted; the same import continues")


def import_bundle(store: Store, file: Path, *, ours: bool = False) -> ImportSummary:
    """Add the cells of a bundle that a store lacks; a repeated import continues after a kill, or changes nothing.

    Nothing is recorded before the whole bundle has been checked and compared with the store. Imported cells count as
    settled: a bench that asks for them does not run them again. They have no pictures, and no weights, so
    no models can be made of them; everything else, MLflow's UI included, treats them like the store's own. The tag
    `frontrunner.imported_from` of their runs names the bundle.

    Args:
        store: the store to add to.
        file: a bundle that `export_bundle` of this version or an earlier one has written.
        ours: whether to keep what the store has where the two disagree, and add the rest, instead of raising.

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
    importing.run(plan)
    became, conflicts = importing.became, [*plan.conflicts, *importing.conflicts]
    added = became["finished"] + became["unfinished"]
    return ImportSummary(
        file=file,
        finished=became["finished"],
        unfinished=became["unfinished"],
        already=len(plan.comparable) - added - len(importing.busy) - sum(bool(one.key) for one in conflicts),
        conflicts=tuple(conflicts),
        busy=tuple(importing.busy),
        notes=tuple(plan.notes),
    )


@dataclass(frozen=True)
class _Import:
    """An import in progress."""

    store: Store
    bundle: Bundle
    origin: str
    """The file's name and the digest of its content."""
    became: Counter[str] = field(default_factory=Counter)
    """How many cells were added as `finished` and as `unfinished`."""
    conflicts: list[Conflict] = field(default_factory=list)
    """Conflicts with what another process has recorded since the plan was made."""
    busy: list[str] = field(default_factory=list)
    """Titles of the cells that another process works on."""

    def run(self, plan: ImportPlan) -> None:
        """Record the new cells, suite by suite, under parent runs that are closed at the end."""
        parents: list[str] = []
        try:
            for suite in dict.fromkeys(shared.cell.suite for shared in plan.comparable):
                mine = [shared for shared in plan.comparable if shared.cell.suite == suite]
                new = [shared for shared in mine if shared.key in plan.new]
                interrupted = self._was_interrupted(suite)
                if new or interrupted:
                    parents.append(parent := self._parent(suite, mine))
                    for shared in mine if interrupted else new:
                        self._settle(parent, shared, is_planned=shared.key in plan.new)
            if parents:
                publish_reference_scores(self.store, load_groups(self.store))
            for parent in parents:
                self.store.end(parent, Ending(Status.FINISHED))
        except BaseException:
            with contextlib.suppress(StoreError):
                for parent in parents:
                    self.store.end(parent, Ending(Status.KILLED))
            raise

    def _parent(self, suite: str, cells: Sequence[SharedCell]) -> str:
        """Open the parent run of a suite's imported cells, which tells the store that they were asked for."""
        documents = {CELLS: cells_document(shared.cell for shared in cells)}
        name = f"imported from {self.origin.rpartition(' ')[0]}"
        parent = self.store.parent_run("bench", suite, name, self.bundle.digest[:16], documents)
        self.store.log(parent, tags={f"{PREFIX}status": Status.RUNNING.value, IMPORTED_FROM: self.origin})
        return parent

    def _was_interrupted(self, suite: str) -> bool:
        """Return whether an earlier import of this bundle has not come to its end."""
        runs = self.store.runs("bench", self.bundle.digest[:16])
        return any(run.suite == suite and run.tags.get(f"{PREFIX}status") != Status.FINISHED for run in runs)

    def _settle(self, parent: str, shared: SharedCell, *, is_planned: bool) -> None:
        """Record one cell unless another process was faster, and publish what is recorded of it."""
        if shared.status is None:  # its parent says that it was asked for
            self.became["unfinished"] += is_planned
            return
        try:
            with self.store.lock(shared.cell).acquire(timeout=LOCK_WAIT_S):
                if is_planned:
                    self._add(parent, shared)
                for attempt in self.store.attempts(shared.cell):
                    if attempt.tags.get(IMPORTED_FROM) == self.origin and NOTE not in attempt.tags:
                        self._publish(attempt, shared)
        except (Timeout, ClaimedError):  # a process of this machine, or another machine
            if is_planned:
                self.busy.append(shared.cell.title)

    def _add(self, parent: str, shared: SharedCell) -> None:
        """Record one cell if it is still new; the caller holds the cell's lock."""
        attempts = self.store.attempts(shared.cell)
        ours = next((found for attempt in reversed(attempts) if (found := attempt.intact()) is not None), None)
        if ours is not None and shared.front is not None:
            self.conflicts.extend(conflict(ours, shared.front))
        elif ours is None and is_new(shared, attempts, asked=True):
            self._record(parent, shared)
            self.became["unfinished" if shared.finished is None else "finished"] += 1

    def _record(self, parent: str, shared: SharedCell) -> None:
        """Record one cell as if a worker of this store had run it."""
        store, cell = self.store, shared.cell
        run_id = store.begin(cell, parent, imported_from=self.origin)  # so that an interrupted import is recognised
        try:
            with store.scratch(cell) as scratch:
                if shared.finished is not None:
                    shared.finished.write(scratch)
                    store.record(run_id, shared.finished, scratch)
                elif shared.ending is not None:
                    store.record_unfinished(run_id, cell, shared.ending, scratch)
        except BaseException as error:
            with contextlib.suppress(StoreError):
                store.end(run_id, INTERRUPTED)
            if isinstance(error, OSError):
                what = f"the result of {cell.title} cannot be written to {store} {because_in(store.folder, error)}"
                raise StoreError(what) from error
            raise

    def _publish(self, attempt: Attempt, shared: SharedCell) -> None:
        """Show the scores, or why there are none, on the run of an attempt that an import has recorded."""
        if attempt.status is Status.FINISHED and shared.finished is not None:
            publish_scores(self.store, attempt.run_id, shared.finished)
        else:
            ending = Ending(attempt.status, attempt.reason)
            publish_ending(self.store, attempt.run_id, attempt.cell, ending, log=False)
