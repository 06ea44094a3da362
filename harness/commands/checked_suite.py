"""Show what was measured of a suite: errors of all models, what was decided, what looks wrong."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...tasks.suite_file.measured_models import MeasuredModels
from ..board.markdown import markdown_table
from ..board.spreadsheet_text import as_spreadsheet_text


def as_text(format_: str, found: MeasuredModels) -> str:
    """Return the errors as `md`, `csv` or `json`; Markdown and JSON hold notes and warnings too."""
    lines = _lines(found, "{!r}" if format_ == "csv" else "{:.4f}")
    if format_ == "csv":
        out = io.StringIO()
        names = [as_spreadsheet_text(name) for name in ("model", *lines[0][1:])]
        rows = [[as_spreadsheet_text(name), *numbers] for name, *numbers in lines[1:]]
        csv.writer(out, lineterminator="\n").writerows([names, *rows])
        return out.getvalue().rstrip("\n")
    if format_ == "json":
        return json.dumps(_content(found), indent=2)
    noted = [f"- {note}" for note in _notes(found)] + [f"- **warning:** {one}" for one in found.warnings]
    table = markdown_table(lines, align="l" + "r" * len(found.table.tasks))
    return "\n\n".join([f"### {_title(found)}", table, *(["\n".join(noted)] if noted else [])])


def print_findings(console: Console, found: MeasuredModels) -> None:
    """Print the errors as a table, then what was decided and what looks wrong."""
    heading, *lines = _lines(found, "{:.4f}")
    console.print(f"[bold]{escape(_title(found))}[/]", highlight=False, soft_wrap=True)
    table = Table()
    for i, name in enumerate(heading):
        table.add_column(escape(name), justify="right" if i else "left", no_wrap=True)
    for t, line in enumerate(lines):
        own = t  # row t is that of the expert whose own task is column t
        table.add_row(*(f"[bold]{escape(text)}[/]" if i == own and t else escape(text) for i, text in enumerate(line)))
    console.print(table)
    for note in _notes(found):
        console.print(f"[dim]{escape(note)}[/]", highlight=False, soft_wrap=True)
    for warning in found.warnings:
        console.print(f"[yellow]! {escape(warning)}[/]", highlight=False, soft_wrap=True)


def _title(found: MeasuredModels) -> str:
    title = f"{found.suite}: error of every model (row) on every task (column), {found.table.split} split"
    counts = sorted(set(found.table.n_examples))
    if not counts:
        return title
    return f"{title}, {counts[0]:,}{f' to {counts[-1]:,}' if len(counts) > 1 else ''} examples"


def _lines(found: MeasuredModels, form: str) -> list[list[str]]:
    table = found.table
    rows = [
        [name, *(form.format(float(value)) for value in values)]
        for name, values in zip(table.rows, table.errors, strict=True)
    ]
    return [["", *table.tasks], *rows]


def _notes(found: MeasuredModels) -> list[str]:
    """Return what was decided of each task's data; what holds of all tasks is said once."""
    by_note: dict[str, list[str]] = {}
    for task, notes in found.notes.items():
        for note in notes:
            by_note.setdefault(note, []).append(task)
    return [f"{', '.join(tasks)}: {note}" for note, tasks in by_note.items()]


def _content(found: MeasuredModels) -> dict[str, Any]:
    table = found.table
    return {
        "suite": found.suite,
        "split": table.split,
        **({"examples": dict(zip(table.tasks, table.n_examples, strict=True))} if table.n_examples else {}),
        "errors": {
            name: dict(zip(table.tasks, map(float, values), strict=True))
            for name, values in zip(table.rows, table.errors, strict=True)
        },
        "notes": {task: list(notes) for task, notes in found.notes.items()},
        "warnings": list(found.warnings),
    }
