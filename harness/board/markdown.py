"""Escape text for Markdown, and write Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Sequence


def escape_markdown(words: str) -> str:
    """Return a text on one line, with the characters escaped that have a meaning in Markdown.

    Labels come from users and reasons from learners. A bracket that follows a closing one is escaped too, so that no
    text becomes a link or loads a picture.
    """
    return re.sub(r"([\\|*<`]|(?<=\])[(\[])", r"\\\1", " ".join(words.split()))


def markdown_table(lines: Sequence[Sequence[str]], *, align: str) -> str:
    """Return a GitHub-flavoured table whose columns are padded, so that it can be read as plain text too.

    Args:
        lines: the heading, then one line per row; cells are plain text and are escaped here.
        align: one letter per column, `l` for left and `r` for right.

    Raises:
        ValueError: a line does not have as many cells as `align` has letters.
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
