"""What is asked of whatever runs one cell: everything by value, so that it can be sent to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..cells.cell import Cell
from .cell_limits import NO_LIMITS, CellLimits


@dataclass(frozen=True)
class CellRequest:
    """One attempt at a cell: what to run, on which device and within which limits, and the folders that it writes."""

    cell: Cell
    device: str
    """A torch device name, or a group of them, see `device_groups`; where an executor has yet to choose, its place."""
    plugins: tuple[str, ...]
    """Plugins and suite files that the worker loads."""
    scratch: Path
    """Existing folder in which the worker writes the finished cell, and what it prints (`worker.log`)."""
    checkpoints: Path
    """Folder of the checkpoints that the fit continues from and writes."""
    worker_lock: Path | None = None
    """File that is locked for as long as any process of the worker lives, wherever the command is; None for none."""
    probes: int = 0
    """How often the partial set is scored during the fit."""
    limits: CellLimits = NO_LIMITS
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the worker has in place of those of the process that starts it."""
