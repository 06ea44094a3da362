"""Find out which pages of a private mapping this process has written to, by what Linux says of its memory."""

from __future__ import annotations

import mmap
import sys
from io import FileIO

import numpy as np

PAGE = mmap.PAGESIZE
_IS_PRESENT, _IS_SWAPPED, _IS_OF_FILE = (np.uint64(1 << bit) for bit in (63, 62, 61))
"""Bits of an entry of /proc/self/pagemap, after the kernel's documentation."""


def has_written_pages(address: int, n_bytes: int) -> bool | None:
    """Return whether a range of a private mapping of a file holds a page that is the process's own.

    The first write to a page of such a mapping gives the process a copy of it, which is not the file's any more. It
    does not matter who wrote: torch, NumPy or a library. A page may be one's own and unchanged.

    Args:
        address: where the range begins.
        n_bytes: its length; pages of which it holds a part count.

    Returns:
        None where the system cannot tell: all but Linux, and some sandboxes.
    """
    if not sys.platform.startswith("linux"):
        return None
    first, last = address // PAGE, (address + max(n_bytes, 1) - 1) // PAGE
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek(8 * first)
            entries = np.frombuffer(_read(pagemap, 8 * (last - first + 1)), np.uint64)
    except OSError:
        return None
    if len(entries) < last - first + 1:
        return None
    is_own = (entries & _IS_PRESENT != 0) & (entries & _IS_OF_FILE == 0) | (entries & _IS_SWAPPED != 0)
    return bool(is_own.any())


def _read(pagemap: FileIO, n_bytes: int) -> bytes:
    """Read up to so many bytes; the kernel may give them in parts."""
    parts = []
    while n_bytes > 0:
        part = pagemap.read(n_bytes)
        if not part:
            break
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)
