"""JSON files with a checksum: a flipped byte in one that was written earlier is noticed, and changes no result."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .whole_file import replacing

CONTENT, CHECKSUM = "content", "sha256"


def write_checked(file: Path, content: object, *, flushed: bool = False) -> None:
    """Write JSON values to a file with their checksum, whole or not at all; `flushed`, see `replacing`.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(file, flushed=flushed) as partial:
        partial.write_text(json.dumps({CONTENT: content, CHECKSUM: checksum(content)}), encoding="utf-8")


def read_checked(file: Path) -> Any:
    """Return the JSON values that `write_checked` has written to a file.

    Raises:
        OSError: there is no such file, or it cannot be read.
        KeyError: it is of an older version, which wrote no checksum.
        ValueError: it is damaged.
    """
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("its levels are too deep") from error
    if not isinstance(whole, dict):
        raise ValueError("it holds something else")
    if whole[CHECKSUM] != checksum(whole[CONTENT]):
        raise ValueError("its checksum is another")
    return whole[CONTENT]


def checksum(content: object) -> str:
    """Return the SHA-256 digest of JSON values, in whatever order their keys come."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
