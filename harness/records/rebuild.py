"""Make the database of a store again from the files of its runs: every finished cell is recorded once more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from ...errors import StoreError
from ..cells.cell import Cell, cells_document
from .database_check import REBUILDING, is_sound
from .database_files import remove_database, set_aside
from .finished_cell import FRONT, MANIFEST, FinishedCell, is_complete
from .first_layout import read_recorded
from .found_parents import REST, FoundParent, find_parents
from .kept_run_ids import give_id, give_times
from .mlflow_database import explained
from .mlflow_tags import FORGOTTEN
from .parent_files import CELLS
from .recorded_folders import RecordedFolder, recorded_folders
from .run_files import LOG, copy_files
from .running_commands import running_commands
from .status import Ending, Status
from .store import Store
from .unrecorded import record_all_left_behind

Publish = Callable[[Store, str, FinishedCell], None]
"""Shows the scores of a recorded cell on its run, whose id is given."""
LOST = "its database was lost before all of its cells had finished; the same command runs those that are missing"


@dataclass
class Rebuilt:
    """What was made again."""

    aside: Path | None = None
    """Where the damaged database is now; None where there was none."""
    n_finished: int = 0
    """Cells recorded from the files of runs, without those that are forgotten."""
    n_waiting: int = 0
    """Cells that were waiting in `unrecorded/`."""
    n_parents: int = 0
    """Benches, imports and studies."""
    n_forgotten: int = 0
    n_unfinished: int = 0
    """Runs without a result: what they were is told by the database only, so they are missing in the new one."""
    left_out: list[str] = field(default_factory=list)
    """Why a finished cell could not be recorded; its files are where they were."""


class _BeingRebuilt(Store):
    """A store whose database is being made again: it has results already, and a mark that others stay away."""

    def _require_database(self, *, may_be_new: bool) -> None:
        """Accept the folder as it is."""


def rebuild(folder: Path, publish: Publish, *, force: bool = False) -> Rebuilt:
    """Make the database of the store in a folder again; the old one is kept beside it under another name.

    Runs keep their ids, their parents and the order in which they finished. What was interrupted is begun again by the
    next call; other commands do not use the store until then.

    Args:
        folder: the store's folder.
        publish: called for every cell once it is recorded.
        force: whether to replace a database that is undamaged.

    Raises:
        StoreError: the database is undamaged, there is nothing to make one of, a command uses the store, or files
            cannot be written.
    """
    if next(recorded_folders(folder), None) is None and not any((folder / "unrecorded").glob(f"*/{MANIFEST}")):
        raise StoreError(f"{folder} holds no files of runs that a database could be made of")
    mark = folder / REBUILDING
    with explained(folder):
        (folder / "locks").mkdir(exist_ok=True)
        with FileLock(folder / "locks" / "rebuild.lock"):
            found = Rebuilt()
            if mark.exists():
                _require_no_command(folder)
                remove_database(folder)
            else:
                found.aside = _marked(folder, mark, force=force)
            _Rebuild(_BeingRebuilt(folder, create=True), publish, found).run()
            mark.unlink()
            return found


def _marked(folder: Path, mark: Path, *, force: bool) -> Path | None:
    """Mark a store as being rebuilt, so that no command begins to use it, and set its database aside.

    Raises:
        StoreError: a command uses the store, or its database is undamaged; then the mark is gone again.
    """
    mark.touch()  # first, since a command that begins after the look at those that run would not be seen
    try:
        _require_no_command(folder)
        if not force and is_sound(folder / "mlflow.db"):
            raise StoreError(
                f"the database of the store in {folder} is undamaged; nothing was changed (--force makes it again "
                "all the same, without the runs that have no result)"
            )
    except BaseException:
        mark.unlink()
        raise
    return set_aside(folder)


@dataclass(frozen=True)
class _Rebuild:
    """A rebuild under way."""

    store: Store
    publish: Publish
    found: Rebuilt
    parents: list[FoundParent] = field(default_factory=list)
    rest: dict[str, str] = field(default_factory=dict)
    """Suite -> id of the run above cells that nothing asks for."""
    kept: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(kind, suite, digest) -> id of the run of a parent, which may have several folders."""

    @property
    def database(self) -> Path:
        return self.store.folder / "mlflow.db"

    def run(self) -> None:
        """Record parents, then cells in the order in which they finished, then close the parents."""
        places = sorted(recorded_folders(self.store.folder), key=_finished_ns)
        self.parents.extend(find_parents(places))
        adopted = {parent.place.run_id for parent in self.parents}
        for parent in self.parents:
            self._adopt(parent)
        for place in places:
            if (place.folder / FRONT).is_file():
                self._record(place)
            else:
                self.found.n_unfinished += place.run_id not in adopted
        for one in record_all_left_behind(self.store, lambda cell: self._parent_of(cell, ran_here=True)):
            if one.finished is not None:
                self.publish(self.store, one.run_id, one.finished)
            self.found.n_waiting += 1
        done = {one.cell.key for one in self.store.attempts() if one.status is Status.FINISHED}
        for parent in self.parents:
            whole = parent.complete if parent.kind == "study" else parent.keys <= done
            ending = Ending(Status.FINISHED) if whole else Ending(Status.KILLED, LOST)
            self.store.end(self._kept(parent), ending)
        for run_id in self.rest.values():
            self.store.end(run_id, Ending(Status.FINISHED))

    def _kept(self, parent: FoundParent) -> str:
        """Return the id of a parent's run in the new database."""
        return self.kept[parent.kind, parent.place.suite, parent.digest]

    def _adopt(self, parent: FoundParent) -> None:
        place = parent.place
        run_id = self.store.parent_run(parent.kind, place.suite, parent.name, parent.digest, {})
        kept = self.kept.setdefault((parent.kind, place.suite, parent.digest), place.run_id)
        if kept == place.run_id:  # else it is a second one of the same digest, whose cells go below the first
            made = self.store.files_of(run_id, place.suite)
            give_id(self.database, run_id, place.run_id)
            copy_files(made, place.folder)
            _remove(made)
        self.found.n_parents += 1

    def _record(self, place: RecordedFolder) -> None:
        """Record a finished cell from the folder of its files, which stays where it is."""
        try:
            finished = read_recorded(place.folder)
        except StoreError as error:
            self.found.left_out.append(f"run {place.run_id[:8]}, since {error}")
            return
        cell, ran_here = finished.cell, (place.folder / LOG).exists()
        end_ms = _finished_ns(place) // 10**6
        spent_s = sum(finished.costs.get(f"{phase}_time_s", 0.0) for phase in ("prepare", "fit", "evaluate"))
        above = self._parent_of(cell, ran_here=ran_here)
        origin = next((one.origin for one in self.parents if self._kept(one) == above), "")
        run_id = self.store.begin(cell, above, imported_from=origin)
        give_id(self.database, run_id, place.run_id)
        if not is_complete(place.folder):  # of version 0.1.0
            self._renew(finished, place)
        self.store.record(place.run_id, finished, place.folder)
        give_times(self.database, place.run_id, end_ms - int(1000 * spent_s), end_ms)
        if place.mark.exists():
            self.store.log(place.run_id, tags={FORGOTTEN: "yes"})
            self.store.client.delete_run(place.run_id)
            self.found.n_forgotten += 1
        else:
            self.publish(self.store, place.run_id, finished)
            self.found.n_finished += 1

    def _renew(self, finished: FinishedCell, place: RecordedFolder) -> None:
        """Write the files of today's layout beside those of 0.1.0; `cell.json`, which makes them count, last."""
        with self.store.scratch(finished.cell) as scratch:
            finished.write(scratch)
            manifest = (scratch / MANIFEST).rename(scratch.with_name(f"{scratch.name}.json"))
            copy_files(scratch, place.folder)
            manifest.replace(place.folder / MANIFEST)

    def _parent_of(self, cell: Cell, *, ran_here: bool) -> str:
        """Return the id of the run that a cell was run for."""
        asking = [parent for parent in self.parents if parent.asked_for(cell)]
        for parent in sorted(asking, key=lambda one: one.imported is ran_here):  # those of the right kind first
            return self._kept(parent)
        if cell.suite not in self.rest:
            documents = {CELLS: cells_document([])}
            self.rest[cell.suite] = self.store.parent_run("bench", cell.suite, REST, REST, documents)
        return self.rest[cell.suite]


def _finished_ns(place: RecordedFolder) -> int:
    """Return when a run's front was written, else when its folder was, in nanoseconds since 1970."""
    front = place.folder / FRONT
    return (front if front.is_file() else place.folder).stat().st_mtime_ns


def _require_no_command(folder: Path) -> None:
    """Raise StoreError where a command works on the store, and so has its database open.

    A bench that scores or draws, and a study between two trials, hold no cell's lock; their signs of life tell of them.
    """
    for command in running_commands(folder):
        if command.alive:
            raise StoreError(
                f"`frontrunner {command.progress.command}` works on the store in {folder} at this moment (process "
                f"{command.progress.process} on {command.progress.host}); end it, or wait for its end"
            )
    for lock in sorted((folder / "locks").glob("[0-9a-f]*.lock")):
        try:
            with FileLock(lock).acquire(timeout=0):
                continue
        except Timeout as error:
            raise StoreError(
                f"a command runs cells of the store in {folder} at this moment; end it, or wait for its end"
            ) from error


def _remove(made: Path) -> None:
    """Remove the folder of a run's files that has another place, with what was written to it."""
    for file in made.iterdir():
        file.unlink()
    with contextlib.suppress(OSError):
        made.rmdir()
        made.parent.rmdir()
