"""Write text to CSV so that no spreadsheet takes it for a formula, and read it back as it was.

A spreadsheet computes a cell that begins with =, +, - or @, also after a tab or a line break, whatever the file says of
it; `=HYPERLINK(...)` or worse may stand in a label that came with somebody's bundle. An apostrophe before it makes it
text; whether the apostrophe is shown depends on the spreadsheet. A text that begins with an apostrophe of its own gets
one more.
"""

from __future__ import annotations

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with."""
MARK = "'"


def as_spreadsheet_text(value: object) -> object:
    """Return a value to be written to CSV: a text that may be a formula gets an apostrophe; numbers are themselves."""
    return f"{MARK}{value}" if isinstance(value, str) and value.startswith((*BEGINNINGS, MARK)) else value


def from_spreadsheet_text(text: str) -> str:
    """Return the text that `as_spreadsheet_text` was given."""
    return text[1:] if text.startswith(MARK) and text[1:].startswith((*BEGINNINGS, MARK)) else text
