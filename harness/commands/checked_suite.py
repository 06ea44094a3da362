"""Show what was found of a suite file: errors of all models, what was decided, what looks wrong."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...tasks.suite_file.inspection import Inspection
from ...tasks.suite_file.models_held_up import HeldUp
from ..board.markdown import markdown_table


def as_text(format_: str, inspection: Inspection, found: HeldUp) -> str:
    """Return the errors as `md`, `csv` or `json`; Markdown and JSON hold notes and warnings too."""
    lines = _lines(found, "{!r}" if format_ == "csv" else "{:.4f}")
    if format_ == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([["model", *lines[0][1:]], *lines[1:]])
        return out.getvalue().rstrip("\n")
    if format_ == "json":
        return json.dumps(_content(inspection, found), indent=2)
    noted = [f"- {note}" for note in _notes(inspection)] + [f"- **warning:** {one}" for one in found.warnings]
    table = markdown_table(lines, align="l" + "r" * len(found.table.tasks))
    return "\n\n".join([f"### {_title(inspection, found)}", table, *(["\n".join(noted)] if noted else [])])


def print_findings(console: Console, inspection: Inspection, found: HeldUp) -> None:
    """Print the errors as a table, then what was decided and what looks wrong."""
    heading, *lines = _lines(found, "{:.4f}")
    console.print(f"[bold]{escape(_title(inspection, found))}[/]", highlight=False, soft_wrap=True)
    table = Table()
    for i, name in enumerate(heading):
        table.add_column(escape(name), justify="right" if i else "left", no_wrap=True)
    for t, line in enumerate(lines):
        own = t  # row t is that of the expert whose own task is column t
        table.add_row(*(f"[bold]{escape(text)}[/]" if i == own and t else escape(text) for i, text in enumerate(line)))
    console.print(table)
    for note in _notes(inspection):
        console.print(f"[dim]{escape(note)}[/]", highlight=False, soft_wrap=True)
    for warning in found.warnings:
        console.print(f"[yellow]! {escape(warning)}[/]", highlight=False, soft_wrap=True)


def _title(inspection: Inspection, found: HeldUp) -> str:
    name = "" if inspection.suite is None else inspection.suite.name
    counts = sorted(set(found.table.n_examples))
    of = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    return f"{name}: error of every model (row) on every task (column), {found.table.split} split, {of} examples"


def _lines(found: HeldUp, form: str) -> list[list[str]]:
    table = found.table
    rows = [
        [name, *(form.format(float(value)) for value in values)]
        for name, values in zip(table.rows, table.errors, strict=True)
    ]
    return [["", *table.tasks], *rows]


def _notes(inspection: Inspection) -> list[str]:
    """Return what was decided of each task's data; what holds of all tasks is said once."""
    by_note: dict[str, list[str]] = {}
    for task, notes in inspection.notes.items():
        for note in notes:
            by_note.setdefault(note, []).append(task)
    return [f"{', '.join(tasks)}: {note}" for note, tasks in by_note.items()]


def _content(inspection: Inspection, found: HeldUp) -> dict[str, Any]:
    table = found.table
    return {
        "suite": None if inspection.suite is None else inspection.suite.name,
        "split": table.split,
        "examples": dict(zip(table.tasks, table.n_examples, strict=True)),
        "errors": {
            name: dict(zip(table.tasks, map(float, values), strict=True))
            for name, values in zip(table.rows, table.errors, strict=True)
        },
        "notes": {task: list(notes) for task, notes in inspection.notes.items()},
        "warnings": list(found.warnings),
    }
