"""Load the cell that a worker is to run, in its first process and in the others of its fit."""

from __future__ import annotations

from ...errors import StoreError
from ..cells.cell import Cell
from ..cells.plugins import load_plugins
from ..cells.sources import changed_since
from .worker_order import WorkerOrder


def load_cell(order: WorkerOrder) -> Cell:
    """Load the plugins that an order names, and return its cell.

    Raises:
        StoreError: the code of its method or suite has been edited since the command was started.
    """
    load_plugins(order.plugins)
    cell = Cell.from_json(order.cell)
    if changed := changed_since(cell):
        raise StoreError(f"{changed}, has been edited since the command was started; start it again")
    return cell
