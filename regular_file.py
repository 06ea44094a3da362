"""Tell regular files from pipes and devices, which may never end and block whoever opens them."""

from __future__ import annotations

import stat
from pathlib import Path


def check_regular(file: Path) -> None:
    """Check that a path, or what it links to, is a regular file; call it before the file is opened.

    Raises:
        OSError: it is a pipe, a device, a socket or a folder; without a number, as for a damaged file.
        FileNotFoundError: there is nothing.
    """
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(f"{file.name} is not a regular file, but {_kind(file.stat().st_mode)}")


def _kind(mode: int) -> str:
    kinds = {stat.S_ISFIFO: "a pipe", stat.S_ISDIR: "a folder", stat.S_ISSOCK: "a socket"}
    return next((word for is_kind, word in kinds.items() if is_kind(mode)), "a device")
