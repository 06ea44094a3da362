"""A cache of stored examples on disk: folders of mapped arrays, found by what they were made from.

An entry is a folder in the user's cache folder (`FRONTRUNNER_CACHE`), named by the digest of its key, that holds .npy
files and `entry.json`. It is made beside its final name and moved there when complete. Arrays are checked by size and
time of their files; only where these differ from what was written is the content compared with its checksum.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ...errors import DataError
from ..cache_folder import cache_folder
from ..killed_writers import remove_left
from .array_file import map_array
from .cache_errors import explained
from .entry_writer import ENTRY, EntryWriter, write_json

logger = logging.getLogger("frontrunner")


@dataclass(frozen=True)
class StoredExamples:
    """An entry of the cache."""

    arrays: Mapping[str, NDArray[Any]]
    """Mapped arrays by the name that they were written under."""
    facts: Mapping[str, Any]
    """What was said of them when they were made (JSON values)."""


def cached_examples(
    key: Mapping[str, object],
    code: str,
    make: Callable[[EntryWriter], Mapping[str, Any]],
    waits: Callable[[], None],
) -> StoredExamples:
    """Return the entry of `key`, made now if there is none; of several processes that want it one makes it.

    Args:
        key: everything that decides the content beside the code (JSON values).
        code: digest of the code that makes it; an entry of other code is made again in its place.
        make: function that writes the arrays and returns facts about them (JSON values).
        waits: called when another process is making the entry.

    Raises:
        DataError: the cache folder cannot be written.
    """
    canonical = json.dumps(key, sort_keys=True)
    root = cache_folder() / "examples"
    folder = root / hashlib.sha256(canonical.encode()).hexdigest()[:32]
    with explained(root):
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waits()
            lock.acquire()
    try:
        with explained(root):
            found = _read(folder, code)
        if found is not None:
            return found
        with explained(root):
            remove_left(root)
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
        try:
            _make(partial, folder, make, {"key": canonical, "code": code})
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        with explained(root):
            made = _read(folder, code)
    finally:
        lock.release()
    if made is None:
        raise DataError(f"{folder} was damaged as soon as it was written; check the disk")
    return made


def _make(
    partial: Path, folder: Path, make: Callable[[EntryWriter], Mapping[str, Any]], about: Mapping[str, str]
) -> None:
    """Write an entry beside its final name and move it there."""
    writer = EntryWriter(partial)
    facts = make(writer)
    with explained(partial.parent):
        writer.finish({**about, "facts": facts})
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or made by other code; who has it mapped keeps it
        partial.rename(folder)


def _read(folder: Path, code: str) -> StoredExamples | None:
    """Map an entry; None when there is none, or one that is damaged or of other code."""
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        if entry["code"] != code:
            return None
        touched = False
        for state in entry["files"].values():
            touched |= _is_touched(folder / state["file"], state)
        if touched:  # by a copy of the cache, say: the content is as it was
            write_json(folder / ENTRY, entry)
        arrays = {name: map_array(folder / state["file"]) for name, state in entry["files"].items()}
        return StoredExamples(arrays, entry["facts"])
    except FileNotFoundError:
        if folder.exists():
            logger.warning("the cached examples %s are incomplete; making them again", folder)
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("the cached examples %s are damaged (%s); making them again", folder, error)
        return None


def _is_touched(file: Path, state: dict[str, Any]) -> bool:
    """Return whether a file was written to since, though its content is the same; notes its new time.

    Raises:
        ValueError: its content is another.
    """
    found = file.stat()
    if found.st_size != state["size"]:
        raise ValueError(f"{file.name} has {found.st_size} bytes, expected {state['size']}")
    if found.st_mtime_ns == state["modified_ns"]:
        return False
    with file.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != state["sha256"]:
            raise ValueError(f"{file.name} does not match its checksum")
    state["modified_ns"] = found.st_mtime_ns
    return True
