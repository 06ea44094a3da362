"""Read the boards of a store that a command shows: one suite's or all, with what an earlier command left behind."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import StoreError
from ..records.database_lock import say_on_standard_error
from .console import busy, store_to_read, store_to_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..board.leaderboard import Board
    from ..records.store import Store


def named_suite(suite: str | None) -> str | None:
    """Return the name of the suite that `--suite` gives, which may be its file; None where none is given."""
    from ...yaml_file import is_yaml_file

    if suite is None or not is_yaml_file(suite):  # what follows imports torch
        return suite
    from ..cells.suite_files import suite_name

    return suite_name(suite)


def read_boards(store: str | None, suite: str | None, baseline: str | None = None) -> tuple[Store, Sequence[Board]]:
    """Open a store, record what an earlier command left behind in it, and return it with its boards.

    A suite whose experiment was deleted in MLflow is told on standard error.

    Args:
        store: the store's folder or address as it was given on the command line.
        suite: the only suite that is read, by its name or file; all when None.
        baseline: the learner that all others are compared with.

    Raises:
        StoreError: there is no store, or no run of a cell in it.
        UnknownNameError: nothing is recorded of the suite, or the baseline is on no board.
    """
    from ..board.leaderboard import leaderboards
    from ..records.suite_experiments import deleted_advice
    from .left_behind import record_and_say

    suite = named_suite(suite)
    opened = store_to_read(store)
    record_and_say(opened, open_to_write=store_to_write)
    with busy("Reading results; fronts that are new are scored, once."):
        boards: Sequence[Board] = leaderboards(opened, suite, baseline=baseline)
        deleted = [] if boards else opened.deleted_suites()
    for name in deleted:
        say_on_standard_error(deleted_advice(name))
    if not boards and not deleted:
        raise StoreError(_nothing_to_rank(opened))
    return opened, boards


def _nothing_to_rank(opened: Store) -> str:
    """Return the sentence for a store without a run that a leaderboard could show."""
    if opened.forgotten():
        advice = "every run of a cell was forgotten, which `frontrunner forget --undo RUN` takes back"
    else:
        advice = "run something first, or name another with --store"
    return f"no run of a cell is recorded in {opened.place}; {advice}"


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Suspend the garbage collector while results are read and shown.

    All that is read stays, and the collector would walk hundreds of thousands of objects again and again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # so that they are not walked when Python ends either
        if was_on:
            gc.enable()
