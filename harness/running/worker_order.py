"""What a worker is told to do; read by its keeper, which imports neither torch nor anything slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerOrder:
    """The cell that a worker is to run, and the folders and the environment it runs in."""

    cell: Mapping[str, Any]
    """The cell, as `Cell.to_json` gives it; it is read after the plugins are loaded."""
    devices: tuple[str, ...]
    """Those of all processes of the fit; the process of the first prepares, evaluates and records."""
    rank_timeout_s: float
    """Seconds after which a process of the fit that does not answer is given up."""
    plugins: tuple[str, ...]
    """Plugin files to load first."""
    scratch: str
    """Folder that the finished cell is written to."""
    checkpoints: str
    """Folder of the fit's checkpoints, which outlives the attempt."""
    checkpoint_interval_s: float
    """Least seconds between two checkpoints."""
    probes: int
    """How often the partial set is scored during the fit; 0 for never."""
    folder: str
    """Working directory of the worker."""
    environment: Mapping[str, str]
    """Environment variables of the worker."""
    worker_lock: str
    """File that is locked for as long as any process of the worker lives; empty for none."""
