"""Read JSON that others wrote, after counting what it holds: a small file can make many and deep objects."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...regular_file import check_regular

MAX_BYTES = 64 * 10**6
"""The most bytes of one file: the list of a hundred thousand cells, ten times the largest bench that is timed."""
MAX_VALUES = 4 * 10**6
"""The most values of one file; the list of a hundred thousand cells has three millions. A value of three bytes, such
as `[],`, takes sixty in memory."""
MAX_DEPTH = 32
"""The most lists and objects inside each other; an option has ten."""
MAX_DIGITS = 400
"""The most digits of a number: floats have 309 before their point, and Python reads no number of 4,300."""

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[]{},"))


def check_json(content: bytes, what: str, *, max_bytes: int = MAX_BYTES) -> None:
    """Refuse JSON that would take much memory or a deep stack to parse, whether it is valid or not.

    Raises:
        ValueError: the content exceeds a limit above; the message begins with `what`.
    """
    if len(content) > max_bytes:
        raise ValueError(f"{what} may have {max_bytes:,} bytes at most, found {len(content):,}")
    if content.count(b'"') > 6 * MAX_VALUES:  # a value has two, its name two, and some are part of a text
        raise ValueError(f"{what} may hold {MAX_VALUES:,} values at most, found more")
    outside = _TEXT.sub(b"", content)
    structure = outside.translate(None, delete=_NOT_STRUCTURE)
    n_values = structure.count(b",") + structure.count(b"[") + structure.count(b"{") + 1
    if n_values > MAX_VALUES:
        raise ValueError(f"{what} may hold {MAX_VALUES:,} values at most, found {n_values:,}")
    letters = np.frombuffer(structure, dtype=np.uint8)
    steps = np.isin(letters, list(b"[{")).astype(np.int8) - np.isin(letters, list(b"]}")).astype(np.int8)
    depth = int(np.cumsum(steps, dtype=np.int32).max(initial=0))
    if depth > MAX_DEPTH:
        raise ValueError(f"{what} may hold {MAX_DEPTH} lists and objects inside each other at most, found {depth:,}")
    if re.search(rb"[0-9]{%d}" % (MAX_DIGITS + 1), outside):
        raise ValueError(f"{what} may hold numbers of {MAX_DIGITS} digits at most, found more")


def parse_json(content: bytes, what: str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the content of JSON within the limits above; raise ValueError where it exceeds them or is not valid."""
    check_json(content, what, max_bytes=max_bytes)
    return json.loads(content)


def read_limited(file: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file; raise ValueError, before it is read, where it has more than `max_bytes`."""
    check_regular(file)
    with file.open("rb") as opened:
        content = opened.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"{file.name} may have {max_bytes:,} bytes at most, found {file.stat().st_size:,}")
    return content
