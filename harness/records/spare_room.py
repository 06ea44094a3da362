"""Hold some room on a store's disk, so that why an attempt ended can still be written once the disk is full."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

SUFFIX = ".spare"
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

    @classmethod
    def of(cls, folder: Path, key: str) -> Self:
        """Return the room of an attempt at the cell with this key, in a folder on the disk."""
        return cls(folder / f"{key}{SUFFIX}")

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


def free_left_rooms(folder: Path, lock_of: Callable[[str], FileLock]) -> None:
    """Give back the rooms in a folder that commands held until they were killed, else until their cells run again.

    Args:
        folder: the folder of the rooms; it may not exist.
        lock_of: returns the lock that a command holds while it works on the cell with a key.
    """
    for left in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError, Timeout), lock_of(left.stem).acquire(timeout=0):
            SpareRoom(left).free()
