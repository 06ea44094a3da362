"""Receive the events of cells: the interface, and a listener that passes events on to another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..cells.cell import Cell
from .settled_cell import SettledCell
from .worker_events import Event


class Listener(Protocol):
    """Receives the events of cells; its methods are called from the threads that run them."""

    def begins(self, cell: Cell, device: str) -> None:
        """Handle that a cell's process is about to start."""

    def waits(self, cell: Cell) -> None:
        """Handle that another process runs this cell, and that its result is waited for."""

    def reports(self, cell: Cell, event: Event) -> None:
        """Handle a phase, progress, probe or warning event of the cell's process."""

    def ends(self, settled: SettledCell) -> None:
        """Handle that a cell has ended, or that an earlier command had settled it."""


@dataclass(frozen=True)
class ForwardingListener:
    """A `Listener` that passes every event on to another one; a subclass adds something to some of them."""

    listener: Listener

    def begins(self, cell: Cell, device: str) -> None:
        """Pass on that a cell's process is about to start."""
        self.listener.begins(cell, device)

    def waits(self, cell: Cell) -> None:
        """Pass on that another process runs this cell."""
        self.listener.waits(cell)

    def reports(self, cell: Cell, event: Event) -> None:
        """Pass on an event of the cell's process."""
        self.listener.reports(cell, event)

    def ends(self, settled: SettledCell) -> None:
        """Pass on that a cell has ended."""
        self.listener.ends(settled)
