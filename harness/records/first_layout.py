"""Read the folder of a finished cell that version 0.1.0 wrote: several JSON files instead of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .coefficients import MergeCoefficients
from .finished_cell import FRONT, MANIFEST, STATE, FinishedCell
from .front_record import FrontRecord
from .json_limits import parse_json, read_limited
from .not_read import not_read

COEFFICIENTS = "routing.parquet"
"""Name that version 0.1.0 gave the file of merge coefficients."""


def read_recorded(folder: Path, *, without_state: bool = False) -> FinishedCell:
    """Read the folder of a finished cell that this version or 0.1.0 recorded.

    Args:
        folder: the folder of a recorded run.
        without_state: accept a folder without the learned weights.

    Raises:
        StoreError: a file is missing or damaged, or two files contradict each other.
    """
    if not (folder / MANIFEST).exists() and (folder / "config.json").exists():
        return _read_first_layout(folder)
    return FinishedCell.read(folder, without_state=without_state)


def _read_first_layout(folder: Path) -> FinishedCell:
    """Read the folder of a finished cell of version 0.1.0; only the tags of its MLflow run hold digests of the files.

    Raises:
        StoreError: a file is missing or damaged.
    """
    front = FrontRecord.read(folder / FRONT)
    try:
        resolved = _read(folder / "config.json")["resolved"]
        costs = _read(folder / "metrics.json")
        curve = _read(folder / "curve.json")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise not_read(f"the finished cell in {folder}", error, "is damaged") from error
    found = folder / COEFFICIENTS
    state = folder / STATE
    return FinishedCell(
        front=front,
        costs=costs,
        curve=curve,
        resolved=resolved,
        coefficients=MergeCoefficients.read(found) if found.exists() else None,
        state=state if state.exists() else None,
    )


def _read(file: Path) -> Any:
    return parse_json(read_limited(file), file.name)
