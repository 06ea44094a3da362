"""Make one line of what a library, a learner or a file says, for terminals, tables, pages and databases."""

from __future__ import annotations

import re
import unicodedata

_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Bidirectional classes of the invisible characters that change the direction of the text after them."""
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor movements
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\)?"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
)
"""The escape sequences of terminals, after ECMA-48; one that is cut off counts as far as it goes."""


def is_one_line(text: str) -> bool:
    """Return whether a text has no line breaks, control characters, lone surrogates or changes of direction."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(letter) in _TURNS
        for letter in text
    )


def as_one_line(text: str, longest: int = 2000) -> str:
    """Return a text without escape sequences, line breaks and whatever else `is_one_line` refuses.

    Spaces stand where something was replaced, one at a time; lone surrogates become `\\udc80` and the like.

    Args:
        text: any text.
        longest: cut the line to this many characters, of which the last is `…` then.
    """
    plain = _SEQUENCE.sub("", text[: 10 * longest]).encode(errors="backslashreplace").decode()  # cut: it may be endless
    line = " ".join("".join(letter if is_one_line(letter) else " " for letter in plain).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def shown(value: object, longest: int = 200) -> str:
    """Return a value as messages show it: what Python writes for it, in one line and cut where it is long.

    Args:
        value: anything, also what cannot be written.
        longest: show this many characters, and then how many there are.
    """
    try:
        text = repr(value)
    except Exception:  # a number of more digits than Python writes, an object of a third party
        return f"{type(value).__name__} that cannot be shown"
    beginning = text[:longest]
    line = beginning if is_one_line(beginning) else as_one_line(beginning, longest)
    return line if len(text) <= longest else f"{line}... ({len(text):,} characters)"
