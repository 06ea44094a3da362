"""Write tensors as safetensors, with the permissions that other files get."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def write_tensors(tensors: Mapping[str, Tensor], file: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors to a file of safetensors.

    Args:
        tensors: by name, each with memory of its own.
        file: replaced where it is there.
        metadata: texts kept in the file's header.

    Raises:
        OSError, SafetensorError: it cannot be written.
    """
    save_file(dict(tensors), file, None if metadata is None else dict(metadata))
    allow_as_usual(file)


def allow_as_usual(file: Path) -> None:
    """Give a file the permissions of a new one, by the umask.

    safetensors writes to a temporary file that only its owner may read, and moves that into place.
    """
    probe = file.with_name(f".{file.name}.{os.getpid()}.partial")
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))  # the umask itself is read by setting it
    try:
        mode = stat.S_IMODE(probe.stat().st_mode)
    finally:
        probe.unlink()
    file.chmod(mode)
