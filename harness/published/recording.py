"""Record a bench's tables and figures among the files of its runs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StoreError
from ..records.database_lock import say_on_standard_error
from .study import PublishedStudy

if TYPE_CHECKING:
    from ..records.store import Store
    from ..reports.publish import BenchResult
    from ..scoring.scored_cells import ComparableGroup
    from .writing import PublishedResults

FOLDER = "published"
"""The folder among the files of a bench's run that its tables and figures are written to."""


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
    from .measured import Measured
    from .writing import write_published

    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / FOLDER
        folder.mkdir()
        found = write_published(study, Measured(result.asked, result.settled, groups), folder)
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
