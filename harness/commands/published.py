"""Tables and figures of a bench beside published ones: found before it runs, written once it has run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StoreError
from ..cells.bench_file import BenchSpec
from ..cells.other_suite import at_steps, on_other_suite
from ..published.study import PublishedStudy
from ..records.database_lock import say_on_standard_error

if TYPE_CHECKING:
    from ..published.writing import PublishedResults
    from ..records.store import Store
    from ..reports.publish import BenchResult
    from ..scoring.scored_cells import ComparableGroup

FOLDER = "published"
"""The folder among the files of a bench's run that its tables and figures are written to."""


def planned_study(
    written: BenchSpec, folder: Path, *, suite: str | None = None, steps: int | None = None
) -> PublishedStudy:
    """Return a bench with its published tables, on another suite or for other steps where these are given.

    Args:
        written: the bench of a file, with its suite files registered.
        folder: where relative paths of tables start.
        suite: name or file of the suite to run in the place of the bench's.
        steps: optimizer steps of every training, in the place of the bench's and the suite's.

    Raises:
        ConfigError, UnknownNameError: a table, the suite or the steps cannot be used.
    """
    other = None if suite is None else on_other_suite(written, suite)
    run = written if other is None else other.spec
    if steps is not None:
        run = at_steps(run, steps)
    return PublishedStudy.read(written, run, folder, None if other is None else other.in_place_of)


def record_published(
    study: PublishedStudy, result: BenchResult, store: Store, groups: Sequence[ComparableGroup]
) -> PublishedResults | None:
    """Write a bench's tables and figures to the files of its runs, and return them; None where it asks for none.

    What could not be drawn, or copied to the runs, is said on standard error.

    Args:
        study: the bench.
        result: what became of its cells.
        store: the store that these are recorded in.
        groups: the store's scored cells.
    """
    if not study.tables and not study.run.figures:
        return None
    from ..published.measured import Measured
    from ..published.writing import write_published

    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / FOLDER
        folder.mkdir()
        found = write_published(study, Measured(result.settled, groups), folder)
        for note in found.notes:
            say_on_standard_error(note)
        for parent in result.parents.values():
            try:
                store.add_artifacts(parent, Path(root))
            except StoreError as error:
                say_on_standard_error(f"tables and figures are missing among the files of run {parent}: {error}")
    return found


def where_published(result: BenchResult, store: Store) -> list[str]:
    """Return the folders that `record_published` has written to."""
    return [str(store.files_of(run_id, suite) / FOLDER) for suite, run_id in result.parents.items()]
