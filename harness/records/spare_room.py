"""Hold some room on a store's disk, so that why an attempt ended can still be written once the disk is full."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

SPARE_BYTES = 2**18
"""Bytes to hold: SQLite writes some pages to the database and to a journal beside it, of 4 KiB each."""


class SpareRoom:
    """A file that only takes room, from entering the context until it is left, or until the room is needed.

    Where it cannot be written nothing is held, and nothing fails: what follows tells that the disk is full.

    Args:
        file: the path of the file; what an attempt that was killed has left there is replaced.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_bytes(os.urandom(SPARE_BYTES))  # which no file system compresses
        except OSError:
            self.free()
        return self

    def free(self) -> None:
        """Give the room back."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free()
