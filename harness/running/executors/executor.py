"""What runs a cell for the command that asks for it: the interface that every engine has."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from ...records.status import Ending
from ..cell_request import CellRequest
from ..worker_events import Event

OnEvent = Callable[[Event], None]
"""Receives the events of a cell; raises `StoppedError` where its result is no longer wanted."""

MAX_RETRIES = 3
"""How often an engine starts a cell again whose process, job or node was lost."""
MOST_PLACES = 500
"""The most cells at a time under an engine: each has a thread of the command."""


class Executor(ABC):
    """Runs cells somewhere; the folder of a finished cell is its result, whatever the engine says of it.

    Every engine runs `run_in_process`, so a cell's process is always one of our own, below that of the engine.
    """

    outlives: bool = False
    """Whether a cell goes on where the command that has asked for it ends."""

    def require_ready(self) -> None:  # noqa: B027 # this machine's devices have been found by then
        """Raise ConfigError where this machine lacks what the engine needs, or an option has a value that none takes.

        No engine is started, and no cluster asked: what only they can say is left to `open`, so that a bench without a
        cell to run shows its board while they are away. For a command to call before it makes a store, or waits for a
        server, and whether a cell is left to run or not.
        """

    @abstractmethod
    def open(self, n_cells: int) -> Sequence[str]:
        """Return the places where cells run, one at a time in each; a name may come repeatedly.

        The engine is started, unless there is no cell to run; then `run` starts it if a cell is to be run all the same.

        Args:
            n_cells: how many cells are to be run; more places are not needed.

        Raises:
            ConfigError: what a cell asks for is nowhere to be had, or the engine is not there.
        """

    @abstractmethod
    def run(self, request: CellRequest, *, on_event: OnEvent, stop: threading.Event) -> Ending:
        """Run a cell until it has ended or `stop` is set, and return how it ended.

        The caller holds the cell's lock. The request's device is one of the places. Where the ending is `FINISHED`, the
        request's scratch folder is complete.
        """

    def close(self) -> None:  # noqa: B027 # most engines have nothing to close
        """End what `open` has started; jobs that are to outlive the command go on."""
