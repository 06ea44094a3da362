"""The lock of a cell: one command at a time works on it, and none while a worker of an earlier one still lives."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock


class CellLock:
    """A lock of two files, used as a `FileLock`.

    The system frees the first one when the command that holds it dies. The second one is held for it by whatever keeps
    its worker, so that a worker that is still being ended, or that runs on another machine, keeps others out.

    Args:
        command: the file that commands lock.
        worker: the file that is locked while a process of a worker lives.
    """

    def __init__(self, command: Path, worker: Path) -> None:
        self._command = FileLock(command)
        self._worker = FileLock(worker)

    @property
    def is_locked(self) -> bool:
        """Whether this object holds the lock."""
        return self._command.is_locked

    def acquire(self, timeout: float = -1) -> Self:
        """Wait for the lock, `timeout` seconds at most unless that is negative; release it by leaving the context.

        Raises:
            Timeout: another process holds it.
        """
        start = time.monotonic()
        self._command.acquire(timeout=timeout)
        try:
            left = -1 if timeout < 0 else max(0.0, timeout - (time.monotonic() - start))
            with self._worker.acquire(timeout=left):  # free: whoever holds the first one may start a worker
                return self
        except BaseException:
            self._command.release()
            raise

    def release(self) -> None:
        """Let others have the lock."""
        self._command.release()

    def __enter__(self) -> Self:
        return self if self.is_locked else self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
