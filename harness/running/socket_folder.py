"""Choose a folder for the sockets of processes whose path is short enough for the system."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing.util import get_temp_dir
from pathlib import Path

LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""
NAMES_LENGTH = len("/pymp-12345678/listener-12345678")
"""What multiprocessing adds to the folder for temporary files."""
_SHORT = Path("/tmp")

_choosing = threading.Lock()


def require_short_sockets() -> None:
    """Have multiprocessing make its sockets in /tmp where the folder for temporary files (TMPDIR) has a long path.

    Call it before the first process starts: multiprocessing keeps the folder that it has asked for once. All other
    temporary files stay where TMPDIR says.

    Raises:
        OSError: no folder for temporary files can be written.
    """
    with _choosing:
        long = len(os.fsencode(tempfile.gettempdir())) + NAMES_LENGTH > LONGEST_PATH
        if long and _SHORT.is_dir():
            with _temporary_files_in(_SHORT):
                get_temp_dir()


@contextlib.contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
