"""Reads the preferences of an export: one by one, a grid, those that the run recorded, or a file of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError, PreferenceError
from ...metrics import simplex_grid, simplex_grid_size
from ...one_line import shown
from ...utf8_file import read_utf8
from ..records.attempt import Attempt
from .key_values import read_weights

GRID, RECORDED = "grid:", "recorded"
MAX_FILE_BYTES = 1_000_000


def read_preferences(
    listed: Sequence[str], source: str | None, attempt: Attempt
) -> tuple[list[dict[str, float]], bool]:
    """Return preferences, one weight a task each, and whether they may be several.

    Whether they are points of the simplex is not checked.

    Args:
        listed: what was given for `--preference`.
        source: what was given for `--preferences`: `grid:N`, `recorded`, or a CSV file with a column a task.
        attempt: the run whose tasks are meant.

    Raises:
        ConfigError: neither or both are given, or one cannot be read; the message names the line.
    """
    from ..exporting.export_model import MAX_MODELS, recorded_preferences

    if bool(listed) == (source is not None):
        found = "both" if listed else "neither"
        raise ConfigError(
            "export takes --preference task=weight,..., once a model, or --preferences grid:N, recorded or a CSV "
            f"file; found {found}"
        )
    if source is None:
        return [read_weights(one) for one in listed], len(listed) > 1
    tasks = attempt.cell.tasks
    if source == RECORDED:
        return recorded_preferences(attempt), True
    if not source.startswith(GRID):
        return _from_file(Path(source), tasks, MAX_MODELS), True
    points = source.removeprefix(GRID)
    if not (points.isascii() and points.isdecimal()) or int(points[:9]) < 2:
        raise ConfigError(f"--preferences expects {GRID}N with N points on an edge, 2 or more, found {shown(source)}")
    n_points = simplex_grid_size(len(tasks), int(points[:9]))
    if n_points > MAX_MODELS:
        raise ConfigError(
            f"an export has {MAX_MODELS:,} models at most, {shown(source)} of {len(tasks)} tasks makes {n_points:,}; "
            "lower it"
        )
    return [dict(zip(tasks, row, strict=True)) for row in simplex_grid(len(tasks), int(points)).tolist()], True


def _from_file(file: Path, tasks: Sequence[str], most: int) -> list[dict[str, float]]:
    """Return the rows of a CSV file whose first line names the tasks, in any order."""
    lines = csv.reader(read_utf8(file, MAX_FILE_BYTES).splitlines())
    try:
        rows = [(lines.line_num, [value.strip() for value in row]) for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise ConfigError(f"line {lines.line_num} of {file} is no CSV ({error}); mend it") from error
    header = rows[0][1] if rows else []
    if sorted(header) != sorted(tasks):
        raise PreferenceError(
            f"the first line of {file} names the tasks, a column each: expected {', '.join(tasks)}, "
            f"found {shown(', '.join(header))}"
        )
    if not 1 <= len(rows) - 1 <= most:
        raise ConfigError(f"{file} holds {len(rows) - 1:,} preferences, expected 1 to {most:,}, a line each")
    found = []
    for line, row in rows[1:]:
        try:
            found.append(dict(zip(header, map(float, row), strict=True)))
        except ValueError as error:
            raise ConfigError(f"line {line} of {file} holds {shown(row)}, expected {len(tasks)} numbers") from error
    return found
