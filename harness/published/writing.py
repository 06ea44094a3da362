"""Write the tables and figures of a bench to files, and keep them for a page."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import shown_table
from .beside import tables_beside
from .figures import draw_figures
from .measured import Measured
from .shown_table import ShownTable
from .study import PublishedStudy


@dataclass(frozen=True)
class PublishedResults:
    """The tables and figures of a bench, as they were written."""

    tables: Mapping[str, Sequence[ShownTable]]
    """What is shown of every published table, by its name."""
    figures: Sequence[tuple[str, bytes]]
    """Title and PNG of every figure."""
    notes: Sequence[str] = field(default=())
    """A sentence on each figure that is missing."""

    @property
    def all_tables(self) -> list[ShownTable]:
        """The tables one after the other."""
        return [table for tables in self.tables.values() for table in tables]

    def by_format(self) -> dict[str, str]:
        """Return what stands beside the boards of a report, by its format; CSV and JSON hold boards alone."""
        return {"md": self.markdown(), "tex": self.latex(), "html": self.page_part()}

    def markdown(self) -> str:
        """Return the tables in Markdown; empty without any."""
        return shown_table.as_markdown(self.all_tables) if self.tables else ""

    def latex(self) -> str:
        """Return the tables in LaTeX; empty without any."""
        return shown_table.as_latex(self.all_tables) if self.tables else ""

    def page_part(self) -> str:
        """Return the tables, then the figures, as a part of a page that needs no other file."""
        pictures = []
        for title, png in self.figures:
            source = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
            told = html.escape(title)
            pictures.append(f'<figure><img src="{source}" alt="{told}"><figcaption>{told}</figcaption></figure>')
        return "\n".join([*([shown_table.as_html(self.all_tables)] if self.tables else []), *pictures])


def write_published(study: PublishedStudy, measured: Measured, folder: Path) -> PublishedResults:
    """Write tables as Markdown, CSV and LaTeX, and figures as PNG, PDF and SVG, to an existing folder."""
    tables = {name: tables_beside(study, name, measured) for name in study.tables}
    for name, shown in tables.items():
        for ending, text in (
            ("md", shown_table.as_markdown(shown)),
            ("csv", shown_table.as_csv(shown)),
            ("tex", shown_table.as_latex(shown)),
        ):
            (folder / f"{name}.{ending}").write_text(text + "\n", encoding="utf-8")
    drawn, missing = draw_figures(study, measured, folder)
    figures = [(one.title, (folder / f"{one.name}.png").read_bytes()) for one in drawn]
    return PublishedResults(tables, figures, missing)
