"""The written table of a `PROVENANCE.md`."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import DataError

SHIPPED_WEIGHTS = "Apache-2.0"
"""Licence of the weights that were trained for this package and ship with it, which is the package's own."""


def table_row(*cells: str | int) -> str:
    """Write a row of a Markdown table, with a comma between the thousands of a count."""
    return f"| {' | '.join(cell if isinstance(cell, str) else f'{cell:,}' for cell in cells)} |"


def with_table(document: str, rows: Sequence[str], *, written_by: str) -> str:
    """Replace the lines between a document's two table markers by `rows`.

    Args:
        document: a text with the two markers.
        rows: the lines of the table.
        written_by: the script that the first marker names.

    Raises:
        DataError: the markers are not there.
    """
    begin, end = f"<!-- table: written by {written_by} -->", "<!-- end of table -->"
    if begin not in document or end not in document:
        raise DataError(f"expected the lines {begin!r} and {end!r} in PROVENANCE.md, found them missing")
    return document.partition(begin)[0] + "\n".join([begin, *rows, end]) + document.partition(end)[2]
