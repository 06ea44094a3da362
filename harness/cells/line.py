"""Names that people give, which go to terminals, tables and databases: one line each, without control characters."""

from __future__ import annotations

from ...errors import ConfigError
from ...one_line import is_one_line, shown

MAX_LINE = 200
"""The most characters of a name."""


def checked_line(text: str, *, longest: int | None = MAX_LINE) -> str:
    """Return a text that is one line.

    Raises:
        ConfigError: it is blank, longer than `longest` characters, or `is_one_line` refuses it.
    """
    too_long = longest is not None and len(text) > longest
    if not text.strip() or too_long or not is_one_line(text):
        limit = "" if longest is None else f" of {longest:,} characters at most"
        raise ConfigError(f"one line{limit} is expected, without control characters, found {shown(text, 60)}")
    return text


def folded(text: str) -> str:
    """Return a text with one space wherever there is white space, line breaks included."""
    return " ".join(text.split())
