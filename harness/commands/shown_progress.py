"""Show or log how the cells of a command go, and have a file tell it to `frontrunner status`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ..running.listener import Listener
from ..running.progress_file import ProgressFile, ProgressListener
from .display import Display
from .json_log import JsonListener, JsonLog


@contextlib.contextmanager
def shown_progress(
    store: Path, *, command: str, name: str, n_cells: int, console: Console, log: JsonLog | None
) -> Iterator[Listener]:
    """Yield a listener of cells.

    Args:
        store: the store's folder.
        command: `bench`, `run` or `tune`.
        name: the name of the bench.
        n_cells: how many cells it has.
        console: where progress is shown.
        log: where it is written as JSON instead; None where people are shown it.
    """
    shown = Display(console, n_cells) if log is None else JsonListener(log, name=name, n_cells=n_cells)
    with ProgressFile(store, command=command, name=name, n_cells=n_cells) as file, shown as listener:
        yield ProgressListener(listener, file)
