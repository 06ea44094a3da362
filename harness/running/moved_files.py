"""Move the files of a finished cell so that it is never taken for complete before it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..records.finished_cell import MANIFEST


def move_files(source: Path, target: Path, *, also: Iterable[str] = ()) -> None:
    """Move all files of a folder to another one, the file that makes a cell complete last.

    Args:
        source: the folder; one that does not exist has no files.
        target: an existing folder on the same file system.
        also: names of files that are there, though a listing that a network file system has kept may lack them.

    Raises:
        OSError: a file cannot be moved.
    """
    names = {*also, *((file.name for file in source.iterdir()) if source.is_dir() else ())}
    for name in sorted(names, key=lambda name: (name == MANIFEST, name)):
        (source / name).replace(target / name)
