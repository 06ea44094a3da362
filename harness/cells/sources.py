"""Digests of what a user may edit: of a plugin's source, of a suite file with its weights and data."""

from __future__ import annotations

from ...methods import METHODS
from ...tasks import SUITES
from .cell import Cell, digest


def suite_source(suite: str, tasks: tuple[str, ...]) -> str:
    """Return the digest of a suite's source and files as they are now, see `Cell.suite_source`."""
    parts = [SUITES.source(suite), SUITES.get(suite)().content_digest(tasks)]
    return digest(parts) if any(parts) else ""


def method_source(method: str) -> str:
    """Return the digest of a method's source as it is now, see `Cell.method_source`."""
    return METHODS.source(method)


def changed_since(cell: Cell) -> str:
    """Return what has been edited since a cell was made, with its origin; empty where nothing was.

    Of a cell that was recorded before there were digests nothing is known, and so nothing is said.
    """
    if cell.method_source and method_source(cell.method) != cell.method_source:
        return f"the method {cell.method!r}, which comes from {METHODS.origin(cell.method)} and what that imports"
    if cell.suite_source and suite_source(cell.suite, cell.tasks) != cell.suite_source:
        return f"the suite {cell.suite!r}, which comes from {SUITES.origin(cell.suite)} and what that uses"
    return ""
