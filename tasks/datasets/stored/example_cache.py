"""A cache of stored examples on disk: folders of mapped arrays, found by what they were made from.

An entry is a folder in the user's cache folder (`FRONTRUNNER_CACHE`), named by the digest of its key, that holds .npy
files and `entry.json`. It is made beside its final name and moved there when complete. Arrays are checked by size and
time of their files; only where these differ from what was written is the content compared with its checksum.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...cache_entry import cached_entry
from ...cache_folder import cache_folder, using_cache
from .array_file import CACHE, map_array
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
    folder = cache_folder() / "examples" / hashlib.sha256(canonical.encode()).hexdigest()[:32]

    def write(partial: Path) -> Path:
        writer = EntryWriter(partial)
        facts = make(writer)
        with using_cache(CACHE, folder.parent):
            writer.finish({"key": canonical, "code": code, "facts": facts})
        return partial

    return cached_entry(folder, CACHE, lambda: _read(folder, code), write, waits)


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
            with contextlib.suppress(OSError):  # else every process reads it once more
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
