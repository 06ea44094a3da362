"""Entries of the cache, files or folders: written once, beside their place, by one of the processes that want them."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from ..errors import DataError
from .cache_folder import using_cache
from .killed_writers import remove, remove_left

Entry = TypeVar("Entry")
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
"""Numbers of the errors with which a folder refuses whatever is written to it."""


def cached_entry(
    place: Path,
    what: str,
    read: Callable[[], Entry | None],
    write: Callable[[Path], Path],
    waits: Callable[[], None] = lambda: None,
) -> Entry:
    """Return an entry, written now if there is none; a killed process leaves none that is half written.

    An entry never changes once it is in its place. So where nothing can be written, not even a lock, as in a cache that
    a cluster shares or on a full disk, an entry that is there is read all the same.

    Args:
        place: where the entry lies, a file or folder.
        what: what messages call this part of the cache, such as "expert cache".
        read: function that reads the entry; None where there is none, or one that cannot be used.
        write: function that is given an empty folder beside the place, writes into it, and returns what becomes the
            entry: a file in it, or the folder itself. It is on the disk by then.
        waits: called when another process is writing the entry.

    Raises:
        DataError: the cache cannot be written and has no such entry, or cannot be read back.
    """
    root, partial = place.parent, place.with_suffix(".partial")
    try:
        lock = _locked(place, waits)
    except OSError as error:
        with using_cache(what, root):
            found = read()
            if found is not None:
                return found
            if (missing := _missing(what, place, error)) is None:
                raise error
            raise missing from error
    try:
        with using_cache(what, root):
            found = read()
        if found is not None:
            return found
        with using_cache(what, root):
            try:
                remove_left(root)
                remove(partial)
                partial.mkdir()
            except OSError as error:
                if (missing := _missing(what, place, error)) is None:
                    raise
                raise missing from error
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


def _locked(place: Path, waits: Callable[[], None]) -> FileLock:
    """Return the lock of an entry, acquired; raise OSError where it cannot be written."""
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waits()
        lock.acquire()
    return lock


def _missing(what: str, place: Path, error: OSError) -> DataError | None:
    """Return what says that an entry is not there and cannot be made; None for a full disk, which says so itself."""
    if error.errno not in _FORBIDDEN:
        return None
    return DataError(
        f"the {what} {place.parent} cannot be written ({error.strerror}) and has no whole {place.name}; set "
        "FRONTRUNNER_CACHE to a folder that can be written, or have this one filled by whoever can write to it"
    )
