"""A log of bounded size: its beginning and its end are kept, however much is printed between them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...os_errors import because

HEAD_BYTES = 2_000_000
"""Bytes of the beginning of a log that are kept, written as they come."""
TAIL_BYTES = 1_000_000
"""Bytes of the end of a longer log that are kept, in memory until it is closed: a traceback is the last that is
printed."""


class CappedLog:
    """Writes a log to a file; of one that is too long a line in the middle says how much was left out.

    A file that cannot be written, on a full disk for one, ends nothing: whoever prints must not wait or fail for it.
    """

    def __init__(self, file: Path, *, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        self._file = file.open("wb", buffering=0)
        self._room = head_bytes
        self._tail_bytes = tail_bytes
        self._tail = bytearray()
        self._left_out = 0
        self._lost: OSError | None = None

    def write(self, printed: bytes) -> None:
        """Add what was printed."""
        head = printed[: self._room]
        self._put(head)
        self._room -= len(head)
        self._tail += printed[len(head) :]
        if len(self._tail) > 2 * self._tail_bytes:  # not at every write, which would move the whole tail each time
            self._drop(len(self._tail) - self._tail_bytes)

    def close(self) -> None:
        """Write what was kept of the end, and close the file."""
        if len(self._tail) > self._tail_bytes:
            self._drop(len(self._tail) - self._tail_bytes)
        if self._left_out:
            self._drop(self._tail.find(b"\n") + 1)  # the rest of a line
            self._put(f"\n[... {self._left_out:,} bytes of the log are left out here ...]\n".encode())
        self._put(bytes(self._tail))
        if self._lost is not None:
            self._put(f"\n[... parts of the log could not be written {because(self._lost)} ...]\n".encode())
        with contextlib.suppress(OSError):
            self._file.close()

    def _drop(self, n_bytes: int) -> None:
        del self._tail[:n_bytes]
        self._left_out += n_bytes

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            self._lost = error
