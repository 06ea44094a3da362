"""Entries of the cache, files or folders: written once, beside their place, by one of the processes that want them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from ..errors import DataError
from .cache_folder import using_cache
from .killed_writers import remove, remove_left

Entry = TypeVar("Entry")


def cached_entry(
    place: Path,
    what: str,
    read: Callable[[], Entry | None],
    write: Callable[[Path], Path],
    waits: Callable[[], None] = lambda: None,
) -> Entry:
    """Return an entry, written now if there is none; a killed process leaves none that is half written.

    Args:
        place: where the entry lies, a file or folder.
        what: what messages call this part of the cache, such as "expert cache".
        read: function that reads the entry; None where there is none, or one that cannot be used.
        write: function that is given an empty folder beside the place, writes into it, and returns what becomes the
            entry: a file in it, or the folder itself. It is on the disk by then.
        waits: called when another process is writing the entry.

    Raises:
        DataError: the cache cannot be written or read back.
    """
    root, partial = place.parent, place.with_suffix(".partial")
    with using_cache(what, root):
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waits()
            lock.acquire()
    try:
        with using_cache(what, root):
            found = read()
        if found is not None:
            return found
        with using_cache(what, root):
            remove_left(root)
            remove(partial)
            partial.mkdir()
        try:
            made = write(partial)
            with using_cache(what, root):
                remove(place)  # damaged, or of other code; who has it mapped keeps it
                made.rename(place)
        finally:
            remove(partial)
        with using_cache(what, root):
            found = read()
    finally:
        lock.release()
    if found is None:
        raise DataError(f"{place} was damaged as soon as it was written; check the disk that it is on")
    return found
