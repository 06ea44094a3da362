"""One run's front, for the terminal and as a picture."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..errors import ConfigError
from .attempt import Attempt
from .front_html import front_html
from .front_png import front_png
from .quantities import as_time


def view(attempt: Attempt) -> RenderableType:
    """A table with a row a member: its preference and its error on every task, dominated members dimmed."""
    record = attempt.record()
    cell = record.cell
    volume = record.hypervolume()
    table = Table(
        title=escape(f"{cell.title} (run {attempt.run_id[:8]})"),
        title_justify="left",
        title_style="bold",
    )
    evaluation = record.evaluation
    table.add_column("preference" if evaluation.preferences is not None else "member")
    for task in cell.tasks:
        table.add_column(f"{task} error ↓", justify="right")
    kept = {tuple(point) for point in record.front().non_dominated().objectives.tolist()}
    for i, errors in enumerate(evaluation.error.tolist()):
        name = evaluation.labels[i]
        if evaluation.preferences is not None:
            name = " ".join(f"{weight:.2f}" for weight in evaluation.preferences[i])
        table.add_row(
            escape(name), *(f"{error:.4f}" for error in errors), style=None if tuple(errors) in kept else "dim"
        )
    note = (
        f"hypervolume {volume.value:.4f}{'' if volume.exact else ' (estimate)'}, "
        f"fit {as_time(attempt.metrics['fit_time_s'])}; error on the {record.split} split, dominated members dim"
    )
    return Group(table, Text(note, style="dim italic"))


def draw(attempt: Attempt, file: Path) -> None:
    """Draw the front to a .png or .html file."""
    record = attempt.record()
    drawers = {".png": front_png, ".html": front_html}
    if file.suffix not in drawers:
        raise ConfigError(f"the picture {str(file)!r} must end in .png or .html")
    try:
        drawers[file.suffix](
            {record.cell.label: record.front()},
            record.cell.tasks,
            file,
            title=record.cell.title,
            reference_point=record.reference_point,
        )
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
