"""Make the standard streams take whatever is printed: marks of any language under any encoding, even when closed."""

from __future__ import annotations

import codecs
import io
import os
import sys

ON_UNKNOWN = "frontrunner.replace"
"""Name of the handler of characters that an encoding lacks."""
_MARKS = {
    "✓": "+", "✗": "x", "●": "*", "–": "-", "−": "-", "·": "|", "…": "...", "±": "+-", "×": "x",
    "≈": "~", "≤": "<=", "≥": ">=", "→": "->", "↑": "^", "↓": "v", "─": "-", "│": "|", "└": "`", "Δ": "d",
}  # fmt: skip
"""What Frontrunner prints beyond ASCII, with what says the same in it; of anything else, `?` remains."""


def require_streams() -> None:
    """Open standard streams that are closed, and have the open ones replace what their encoding lacks.

    A file that is opened while one of the first three is closed takes its number, and then what is printed goes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us, who wants no output
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            codecs.register_error(ON_UNKNOWN, _replaced)
            stream.reconfigure(errors=ON_UNKNOWN)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what is printed for the first character that an encoding lacks, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is of another encoding: as it was given
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return _MARKS.get(character, "?"), error.start + 1
