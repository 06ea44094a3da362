"""Which file a path leads to and in which state, without reading it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from io import BufferedReader

SETTLED_S = 2.0
"""How long a file must have been left alone before its times are trusted: no file system has coarser clocks (FAT's
ticks every 2 s), so whoever writes to it later gives it another time."""


@dataclass(frozen=True)
class FileIdentity:
    """What the operating system says of an open file; a file whose content changes gets another identity."""

    size: int
    """Bytes."""
    modified_ns: int
    """When the content last changed; programs may set it back."""
    changed_ns: int
    """When the content or anything about the file last changed; programs cannot set it."""
    inode: int
    device: int

    @classmethod
    def of(cls, file: BufferedReader) -> FileIdentity:
        """Return the identity of an open file."""
        found = os.fstat(file.fileno())
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)

    @property
    def is_settled(self) -> bool:
        """Whether a later change is sure to show; not for files that were just written or are dated in the future."""
        return time.time_ns() - max(self.modified_ns, self.changed_ns) > SETTLED_S * 1e9
