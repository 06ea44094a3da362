"""Write files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(file: Path, *, flushed: bool = False) -> Iterator[Path]:
    """Yield a path to write to, which takes the file's place when the context ends well and is removed otherwise.

    Two processes, or two threads of one, may write the same file: each has a path of its own, and nobody reads half a
    file. With `flushed` that also holds after a loss of power: the content is on the disk before it takes the file's
    place.
    """
    if file.is_dir():  # else the error would be of the path that is written to, and come at the end
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    partial = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_native_id()}.partial")
    try:
        yield partial
        if flushed:
            flush(partial)
        partial.replace(file)
        if flushed:
            flush(file.parent)
    finally:
        partial.unlink(missing_ok=True)


def flush(*paths: Path) -> None:
    """Have the system write what it holds of files and folders to the disk; of a folder, which names it holds.

    Raises:
        OSError: one of them cannot be written.
    """
    for path in paths:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
