"""Markdown for words of users and learners: escaped text, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence


def escape_markdown(words: str) -> str:
    """Return the words on one line, with what Markdown would take for its own escaped.

    Labels are the user's, reasons the learner's. A bracket that follows a closing one is escaped too, so that no
    words become a link or load a picture.
    """
    return re.sub(r"([\\|*<`]|(?<=\])[(\[])", r"\\\1", " ".join(words.split()))


def markdown_table(lines: Sequence[Sequence[str]], *, align: str) -> str:
    """Return a GitHub-flavoured table with padded columns, to be read as text too.

    Args:
        lines: the heading, then a line a row; cells are plain text and are escaped here.
        align: a letter a column, `l` for left and `r` for right.

    Raises:
        ValueError: a line with another number of cells than there are letters.
    """
    escaped = [[escape_markdown(cell) for cell in line] for line in lines]
    widths = [max(3, *map(len, column)) for column in zip(*escaped, strict=True)]
    rule = ["-" * width if side == "l" else "-" * (width - 1) + ":" for side, width in zip(align, widths, strict=True)]
    heading, *rows = [_line(line, widths, align) for line in escaped]
    return "\n".join([heading, _line(rule, widths, align), *rows])


def _line(cells: Sequence[str], widths: Sequence[int], align: str) -> str:
    padded = [
        cell.ljust(width) if side == "l" else cell.rjust(width)
        for cell, width, side in zip(cells, widths, align, strict=True)
    ]
    return f"| {' | '.join(padded)} |"
