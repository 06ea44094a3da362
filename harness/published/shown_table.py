"""A table as it is shown, published or measured rows alike, and its forms: Markdown, CSV, LaTeX and HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...metrics.statistics import MeanInterval
from ..board.columns import MISSING
from ..board.latex import PREAMBLE, escape_latex, latex_table
from ..board.markdown import escape_markdown, markdown_table
from ..board.spreadsheet_text import as_spreadsheet_text
from .table_file import METHOD

Source = Literal["published", "published, corrected", "here"]
FROM = "from"
FIRST_NUMBER = 2
"""The position of the first column after those of a row's name and of where it is from."""
_NUMBER = ' class="number"'


@dataclass(frozen=True)
class TableEntry:
    """What one row has in one column."""

    text: str
    """As it was printed, or the measured mean with its interval."""
    marks: str = ""
    """The letters of the notes on it."""
    measured: MeanInterval | None = None
    """The mean over seeds, in the column's unit; None where it was printed, or is no number."""

    @property
    def marked(self) -> str:
        """The text with its marks."""
        return f"{self.text} [{self.marks}]" if self.marks else self.text


@dataclass(frozen=True)
class TableRow:
    """One row, either published or measured here: never both."""

    method: TableEntry
    source: Source
    entries: tuple[TableEntry, ...]
    """One a column."""

    @property
    def cells(self) -> list[str]:
        """The row as it is shown."""
        return [self.method.marked, self.source, *(entry.marked for entry in self.entries)]


@dataclass(frozen=True)
class ShownTable:
    """A table with its title above and its notes below."""

    title: str
    headings: tuple[str, ...]
    """Those of the columns, after the row's name and where it is from."""
    lines: tuple[TableRow, ...]
    notes: tuple[str, ...]

    @property
    def cells(self) -> list[list[str]]:
        """The heading and the rows as they are shown."""
        return [[METHOD, FROM, *self.headings], *(line.cells for line in self.lines)]


def as_markdown(tables: Sequence[ShownTable]) -> str:
    """Return tables in Markdown, each with its title and its notes."""
    parts = []
    for table in tables:
        aligned = markdown_table(table.cells, align="ll" + "r" * len(table.headings))
        notes = [f"- {escape_markdown(note)}" for note in table.notes]
        parts.append("\n".join([f"### {escape_markdown(table.title)}\n", aligned, *(["", *notes] if notes else [])]))
    return "\n\n".join(parts)


def as_latex(tables: Sequence[ShownTable]) -> str:
    """Return a LaTeX `table` (booktabs) of each, its notes in small type below."""
    made = []
    for table in tables:
        lines = [[escape_latex(cell) for cell in line] for line in table.cells]
        made.append(latex_table(lines, table.title, table.notes, align="ll" + "r" * len(table.headings)))
    return "\n\n".join([PREAMBLE, *made])


def as_csv(tables: Sequence[ShownTable]) -> str:
    """Return a line for every entry: table, row, source, column, text; of what was measured also mean, ends and seeds.

    `marks` are the letters of the notes, which the other forms have.
    """
    written = io.StringIO()
    out = csv.writer(written, lineterminator="\n")
    out.writerow(["table", METHOD, FROM, "column", "text", "marks", "mean", "low", "high", "seeds"])
    for table in tables:
        for line in table.lines:
            for heading, entry in zip(table.headings, line.entries, strict=True):
                found = entry.measured
                numbers = ["", "", "", ""] if found is None else [found.mean, found.low, found.high, found.n]
                marks = "".join(dict.fromkeys(line.method.marks + entry.marks))
                told = [table.title, line.method.text, line.source, heading, entry.text, marks]
                out.writerow([*map(as_spreadsheet_text, told), *numbers])
    return written.getvalue().rstrip("\n")


def as_html(tables: Sequence[ShownTable]) -> str:
    """Return tables as parts of a page, which may stand anywhere in it."""
    parts = []
    for table in tables:
        heading, *rows = table.cells
        head = "".join(
            f'<th scope="col"{_NUMBER if i >= FIRST_NUMBER else ""}>{html.escape(cell)}</th>'
            for i, cell in enumerate(heading)
        )
        body = "\n".join(
            f'<tr class="{"measured" if line.source == "here" else "printed"}">{_html_row(row)}</tr>'
            for line, row in zip(table.lines, rows, strict=True)
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
        parts += [
            f"<h3>{html.escape(table.title)}</h3>",
            f'<div class="scroll"><table class="published"><thead><tr>{head}</tr></thead>',
            f"<tbody>\n{body}\n</tbody></table></div>",
            *([f'<ul class="muted notes">{notes}</ul>'] if notes else []),
        ]
    return "\n".join(parts)


def _html_row(cells: Sequence[str]) -> str:
    method, source, *values = map(html.escape, cells)
    numbers = "".join(f"<td{_NUMBER}>{value}</td>" for value in values)
    return f'<th scope="row">{method}</th><td>{source}</td>{numbers}'


def missing() -> TableEntry:
    """Return what stands where nothing was printed or measured."""
    return TableEntry(MISSING)
