"""A listener that ends nothing: an error of a display is told once, and cells go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..cells.cell import Cell
from ..records.database_lock import say_on_standard_error
from .listener import ForwardingListener
from .reason import in_one_line
from .settled_cell import SettledCell
from .worker_events import Event
from .worker_process import StoppedError


@dataclass(frozen=True)
class UnfailingListener(ForwardingListener):
    """A `Listener` that passes all events on to another one, whose errors it tells on standard error, each one once."""

    told: set[str] = field(default_factory=set)
    """What has been told."""

    def begins(self, cell: Cell, device: str) -> None:
        """Pass on that a cell's process is about to start."""
        with self._ending_nothing():
            super().begins(cell, device)

    def waits(self, cell: Cell) -> None:
        """Pass on that another process runs this cell."""
        with self._ending_nothing():
            super().waits(cell)

    def reports(self, cell: Cell, event: Event) -> None:
        """Pass on an event of the cell's process; raises StoppedError where the listener does."""
        with self._ending_nothing():
            super().reports(cell, event)

    def ends(self, settled: SettledCell) -> None:
        """Pass on that a cell has ended."""
        with self._ending_nothing():
            super().ends(settled)

    @contextlib.contextmanager
    def _ending_nothing(self) -> Iterator[None]:
        try:
            yield
        except (StoppedError, BrokenPipeError):  # nobody wants the cell, or reads the output, any more
            raise
        except Exception as error:
            told = in_one_line(error)
            if told not in self.told:
                self.told.add(told)
                with contextlib.suppress(OSError):
                    say_on_standard_error(f"what cells report could not be shown ({told}); they go on")
