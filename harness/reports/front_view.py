"""Show the front of one run in the terminal, and draw it as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...metrics import alignment
from ..board.notes import as_point
from ..records.attempt import Attempt
from ..records.front_record import FrontRecord
from ..scoring.set_warnings import recorded_warnings
from ..scoring.units import as_quality, as_time
from .pictures.figure import FORMATS
from .pictures.front_figure import front_figure
from .pictures.front_html import front_html
from .pictures.front_plot import FrontPlot
from .written_file import require_writable, writing

_DRAWERS = {**dict.fromkeys(FORMATS, front_figure), ".html": front_html}


def view(attempt: Attempt) -> RenderableType:
    """Return a table of the front's members, with preference and error on every task, and below it a plot of the front.

    Dominated members are dim in both. Signs of collapse are told above the table.

    Raises:
        StoreError: the recorded front is missing or damaged.
    """
    record = attempt.record()
    cell = record.cell
    volume, followed = record.hypervolume(), alignment(record.front())
    table = Table()
    evaluation = record.evaluation
    table.add_column("preference" if evaluation.preferences is not None else "member")
    for task in cell.tasks:
        table.add_column(f"{task} error ↓", justify="right")
    kept = {tuple(point) for point in record.front().non_dominated().objectives.tolist()}
    for i, errors in enumerate(evaluation.error.tolist()):
        name = evaluation.labels[i]
        if evaluation.preferences is not None:
            name = " ".join(f"{weight:.2f}" for weight in evaluation.preferences[i])
        table.add_row(Text(name), *map(as_quality, errors), style=None if tuple(errors) in kept else "dim")
    note = (
        f"hypervolume {as_quality(volume.value)}{'' if volume.exact else ' (estimate)'} at "
        f"{as_point(record.reference_point.tolist())}, "
        f"{'' if followed is None else f'alignment {followed:.2f}, '}"
        f"fit {as_time(attempt.metrics['fit_time_s'])}; error on the {record.split} split, dominated members dim"
    )
    title = Text(f"{cell.title} (run {attempt.run_id[:8]})", style="bold")  # a table folds its own title
    warnings = [Text(f"Warning: {warning.sentence}", style="yellow") for warning in recorded_warnings(attempt)]
    return Group(title, *warnings, table, Text(note, style="dim italic"), FrontPlot(record.front(), cell.tasks))


def require_drawable(file: Path) -> None:
    """Raise ConfigError where `draw` could not draw to a file: its ending is another, or its folder does not exist."""
    require_writable(file, _DRAWERS, what="a front is drawn")


def draw(attempt: Attempt, file: Path) -> None:
    """Draw the front to a file that `require_drawable` accepts, with the reference point unless that lies far off.

    Raises:
        ConfigError: the file has another ending, or cannot be written.
        StoreError: the recorded front is missing or damaged.
    """
    require_drawable(file)
    record = attempt.record()
    with writing(file):
        _DRAWERS[file.suffix](
            {record.cell.label: record.front()},
            record.cell.tasks,
            file,
            title=record.cell.title,
            reference_point=None if _is_far(record) else record.reference_point,
        )


def _is_far(record: FrontRecord) -> bool:
    """Return whether drawing the reference point would squeeze a front into less than half of some axis."""
    points = record.front().objectives
    extent = points.max(axis=0) - points.min(axis=0)
    if not extent.any():
        return False
    shown = np.maximum(record.reference_point, points.max(axis=0)) - np.minimum(
        record.reference_point, points.min(axis=0)
    )
    return bool((shown > 2 * extent).any())
