"""Digests of large files, computed once and remembered for as long as a file stays as it is."""

from __future__ import annotations

import dataclasses
import hashlib
from io import BufferedReader
from pathlib import Path

from ...errors import DataError
from ...os_errors import because
from ...regular_file import check_regular
from ..facts import recall, remember
from .file_identity import FileIdentity


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal; the second time, without reading it.

    It is remembered in the cache folder by the file's path, size, times, inode and device, for all processes. That of
    a file which changed in the last seconds is not, since the next change might not show.

    Raises:
        DataError: it cannot be read, is no regular file, or changes while it is read.
    """
    try:
        check_regular(file)
        with file.open("rb") as opened:
            return digest_of_open(opened, file)
    except OSError as error:
        raise DataError(f"{file} cannot be read {because(error)}") from error


def digest_of_open(opened: BufferedReader, file: Path) -> str:
    """Return the SHA-256 of an open file's content, whatever its path leads to by now.

    Raises:
        DataError: it changes while it is read.
        OSError: it cannot be read.
    """
    before = FileIdentity.of(opened)
    key = str(file.absolute())
    identity = dataclasses.asdict(before)
    known = recall("digest", key)
    if isinstance(known, dict) and known.get("identity") == identity and isinstance(known.get("sha256"), str):
        return str(known["sha256"])
    was_settled = before.is_settled  # before it is read: a change from now on gets a later time
    opened.seek(0)
    digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if FileIdentity.of(opened) != before:
        raise DataError(f"{file} changed while it was read; try again once it is complete")
    if was_settled:
        remember("digest", key, {"identity": identity, "sha256": digest})
    return digest
