"""Write a bundle: what a store holds of its cells, in one file that says nothing of the machine it was made on."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from ...errors import ConfigError, StoreError, UnknownNameError, UnreadableError
from ...one_line import as_one_line
from ...os_errors import because
from ...validation_words import validation_message
from ...whole_file import replacing
from ..cells.cell import Cell
from ..records.attempt import Attempt
from ..records.finished_cell import FRONT, FinishedCell
from ..records.front_record import FrontRecord
from ..records.requested_cells import requested_cells
from ..records.status import Ending, Status
from ..records.store import Store
from ..scoring.measures import HYPERVOLUME_ERROR
from ..scoring.scored_cells import ScoredCell, load_groups
from .archive import BUNDLE
from .checks import check_finished
from .comparable import incomparable
from .content import FORMAT, NEVER_STARTED, VERSION, ClaimingEntry, Content
from .summary import BundleSummary, listed

RUNNING = Ending(Status.KILLED, "it was running when it was shared")


def export_bundle(store: Store, file: Path, *, suite: str | None = None) -> BundleSummary:
    """Write what is recorded of every cell, finished or not, to one .zip file that `import_bundle` reads.

    For a finished cell it holds the front with all that its scores are computed from, costs, environment, training
    curve and merge coefficients; for any other, why it did not finish. It holds no weights, and paths in reasons are
    cut to their last part; a learner's options are shared as they are. A finished cell with a file that is lost or
    damaged is left out, which the summary says.

    Args:
        store: the store to share.
        file: the file to write; an existing one is replaced once the new one is whole.
        suite: the only suite to share; all suites when None.

    Raises:
        UnknownNameError: nothing is recorded of that suite.
        UnreadableError: a recorded file cannot be read now, and may be undamaged.
        StoreError: nothing is recorded at all, the runs of one group were scored in two ways, or no cell is left to be
            shared.
        ConfigError: the file cannot be written, or does not end in .zip.
    """
    if file.suffix != ".zip":
        raise ConfigError(f"a bundle is a .zip file, found {str(file)!r}")
    attempts = store.attempts()
    cells = _cells(store, attempts, suite)
    scored = {one.attempt.cell.key: one for group in load_groups(store, attempts) for one in group.results}
    last = {attempt.cell.key: attempt for attempt in attempts}
    try:
        with replacing(file) as partial, zipfile.ZipFile(partial, "w") as archive:
            export = _Export(archive)
            for cell in cells:
                export.add(cell, scored.get(cell.key), last.get(cell.key))
            if not export.entries:
                raise StoreError(f"there is nothing to share but damaged results: {listed(export.left_out)}")
            export.finish()
    except OSError as error:
        raise ConfigError(f"the bundle {file} cannot be written {because(error)}") from error
    finished = sum(entry.hypervolume is not None for entry in export.entries)
    return BundleSummary(
        file=file,
        finished=finished,
        unfinished=len(export.entries) - finished,
        suites=tuple(dict.fromkeys(entry.parsed.suite for entry in export.entries)),
        size_bytes=file.stat().st_size,
        left_out=tuple(export.left_out),
    )


def _cells(store: Store, attempts: Sequence[Attempt], suite: str | None) -> list[Cell]:
    """Return the cells that leaderboards show, in their order, suite by suite."""
    cells = requested_cells(store, attempts)
    suites = list(dict.fromkeys(cell.suite for cell in cells))
    if not suites:
        raise StoreError(f"nothing is recorded in {store.place}; run something first, or name another with --store")
    if suite is not None and suite not in suites:
        raise UnknownNameError("recorded suite", suite, suites)
    ordered = sorted(cells, key=lambda cell: suites.index(cell.suite))
    return [cell for cell in ordered if suite in (None, cell.suite)]


@dataclass(frozen=True)
class _Export:
    """A bundle that is being written, cell by cell."""

    archive: zipfile.ZipFile
    entries: list[ClaimingEntry] = field(default_factory=list)
    first_of: dict[str, FrontRecord] = field(default_factory=dict)
    """Group -> its first front, with which the others must be comparable."""
    left_out: list[str] = field(default_factory=list)
    """Why a finished cell is not shared, with its run and the file."""

    def add(self, cell: Cell, scored: ScoredCell | None, last: Attempt | None) -> None:
        """Add a cell, with its folder where it has finished; leave out one whose record is damaged.

        Raises:
            UnreadableError: the cell's record cannot be read now.
            StoreError: the cell cannot be shared, or was scored in another way than the others of its group.
        """
        recorded = scored.attempt if scored is not None else last
        finished = None
        if recorded is not None and recorded.status is Status.FINISHED:
            try:
                finished = _read(recorded, scored)
            except UnreadableError:
                raise
            except StoreError as error:
                self.left_out.append(f"run {recorded.run_id[:8]} ({cell.title}), since {error}")
                return
        ending = Ending(Status.FINISHED) if finished is not None else _ending(last)
        scores = {} if scored is None else scored.scores
        fields = {
            "key": cell.key,
            "cell": cell.to_json(),
            "status": NEVER_STARTED if ending is None else ending.status.value,
            "reason": "" if ending is None else ending.reason,
            "hypervolume": scores.get("hypervolume"),
            "hypervolume_error": scores.get(HYPERVOLUME_ERROR),
        }
        try:
            self.entries.append(ClaimingEntry.model_validate(fields))
            if finished is not None:
                check_finished(finished)
                self._check_comparable(finished.front)
                self._write_folder(finished)
        except ValidationError as error:
            raise StoreError(f"{cell.title} cannot be shared: {validation_message(error)}") from error
        except ValueError as error:
            raise StoreError(f"{cell.title} cannot be shared: {error}") from error

    def finish(self) -> None:
        """Write `bundle.json`, which says what was added."""
        about = Content.model_validate(
            {
                "format": FORMAT,
                "version": VERSION,
                "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "frontrunner": importlib.metadata.version("frontrunner"),
                "orientation": "minimise",
                "cells": self.entries,
            }
        )
        self._write(BUNDLE, json.dumps(about.model_dump(), indent=1).encode())

    def _check_comparable(self, record: FrontRecord) -> None:
        group = record.cell.group
        first = self.first_of.setdefault(group, record)
        if difference := incomparable(first, record, ("for one run", "for another")):
            raise StoreError(
                f"the runs of {group} were scored in two ways and are not comparable: {difference}; "
                "delete those of the older kind in MLflow, or share another suite with --suite"
            )

    def _write_folder(self, finished: FinishedCell) -> None:
        with tempfile.TemporaryDirectory() as temporary:
            replace(finished, state=None).write(Path(temporary))
            for found in sorted(Path(temporary).iterdir()):
                self._write(f"{finished.cell.key}/{found.name}", found.read_bytes())

    def _write(self, name: str, content: bytes) -> None:
        about = zipfile.ZipInfo(name)  # dated 1980; bundle.json says when it was made
        about.compress_type = zipfile.ZIP_DEFLATED  # tables as well: most of a small one is metadata
        self.archive.writestr(about, content)


def _read(attempt: Attempt, scored: ScoredCell | None) -> FinishedCell:
    """Return all that was recorded of a finished cell except its weights; raise StoreError where that is damaged."""
    finished = attempt.finished(without_state=True)
    if scored is None:  # its files are whole
        raise StoreError(f"{attempt.folder / FRONT} cannot be scored")
    return finished


def _ending(last: Attempt | None) -> Ending | None:
    """Return how the last attempt at a cell without a result ended; None where there was no attempt."""
    if last is None:
        return None
    return RUNNING if last.status is Status.RUNNING else Ending(last.status, _without_paths(last.reason))


def _without_paths(reason: str) -> str:
    """Shorten every absolute path to its last part, so that a bundle does not show the exporter's folders."""
    shortened = re.sub(r"(?<![\w.:/\\…-])(?:~|[A-Za-z]:)?[/\\](?:[^\s'\"/\\,;()\[\]]+[/\\])+", "…/", reason)
    return as_one_line(shortened)
