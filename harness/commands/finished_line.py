"""Print the line of a cell that an earlier command has run; importing this imports nothing heavy."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from ..cells.cell import Cell


def say_finished_before(console: Console, cell: Cell, *, recorded_now: bool = False) -> None:
    """Say that a cell was finished before; `recorded_now` tells of one that could not be recorded then."""
    line = f"✓ {shown_name(cell)}: finished before{', recorded now' if recorded_now else ''}"
    console.print(f"[dim]{line}[/]", highlight=False)


def shown_name(cell: Cell) -> str:
    """Return the name by which a cell's lines begin, for rich's markup."""
    return escape(f"{cell.label} · {cell.suite} · seed {cell.seed}")
