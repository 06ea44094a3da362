"""Remove what processes that were killed while they wrote to the cache have left there."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from filelock import FileLock, Timeout


def remove_left(root: Path) -> None:
    """Remove the entries in the making, `NAME.partial`, of which nobody holds the lock, `NAME.lock`.

    A caller that holds the lock of its own entry keeps that one.
    """
    for partial in root.glob("*.partial"):
        lock = FileLock(partial.with_suffix(".lock"))
        with contextlib.suppress(Timeout, OSError), lock.acquire(timeout=0):  # not of those still at work
            remove(partial)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, where it is there."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
