"""Make a store's database again, show the scores of what is in it, and say what could not be brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import FrontrunnerError, StoreError
from ..bundle.summary import listed
from ..records.finished_cell import FinishedCell
from ..records.rebuild import Rebuilt, rebuild
from ..records.store import Store
from ..reports.publish_cell import publish_scores
from ..reports.published_scores import publish_reference_scores
from ..scoring.scored_cells import load_groups
from .console import busy


def rebuild_store(folder: Path, *, force: bool) -> Iterator[str]:
    """Rebuild the database of the store in a folder, and yield lines that say what is in it now.

    Raises:
        StoreError: as `rebuild`; or a finished cell was left out, once all others are recorded.
    """
    not_scored: list[str] = []

    def publish(store: Store, run_id: str, finished: FinishedCell) -> None:
        try:
            publish_scores(store, run_id, finished)
        except StoreError:
            raise
        except FrontrunnerError as error:  # of an indicator; the result is recorded
            not_scored.append(f"{finished.cell.title} could not be scored: {error}")

    with busy("Recording every finished cell once more."):
        found = rebuild(folder, publish, force=force)
        store = Store(folder, create=False)
        with contextlib.suppress(FrontrunnerError):  # boards score again, and say what is wrong
            publish_reference_scores(store, load_groups(store))
    yield from _lines(found, folder)
    yield from not_scored
    if found.left_out:
        raise StoreError(
            f"damaged, and left out of the new database: {listed(found.left_out)}; their benches run them again"
        )


def _lines(found: Rebuilt, folder: Path) -> Iterator[str]:
    waiting = f", {found.n_waiting} of which had not been recorded before" if found.n_waiting else ""
    n_finished = found.n_finished + found.n_waiting
    yield (
        f"made the database of {folder} again: {_counted(n_finished, 'finished cell')}{waiting}, "
        f"{_counted(found.n_parents, 'bench or study', 'benches and studies')}"
    )
    if found.aside is not None:
        yield f"the old one is {found.aside}"
    if found.n_forgotten:
        runs = _counted(found.n_forgotten, "run")
        yield f"{runs} forgotten before, and still; `frontrunner forget --undo` brings them back"
    if found.n_unfinished:
        yield (
            f"{_counted(found.n_unfinished, 'run')} without a result are not in it, since only the old one said what "
            "they were; the same benches run those cells again"
        )


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or f'{one}s'}"
