"""A cache of stored examples on disk: folders of mapped arrays, found by what they were made from.

An entry is a folder in the user's cache folder (`FRONTRUNNER_CACHE`), named by the digest of its key, that holds .npy
files and `entry.json`. It is made beside its final name and moved there when complete. Arrays are checked by size and
time of their files; only where these differ from what was written is the content compared with its checksum.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ...errors import DataError
from ..cache_folder import cache_folder
from .array_file import ArrayWriter, WrittenFile, map_array
from .cache_errors import explained

logger = logging.getLogger("frontrunner")

ENTRY = "entry.json"
MARGIN_BYTES = 50_000_000
"""What an entry must leave free on the disk."""


@dataclass(frozen=True)
class StoredExamples:
    """An entry of the cache."""

    arrays: Mapping[str, NDArray[Any]]
    """Mapped arrays by the name that they were written under."""
    facts: Mapping[str, Any]
    """What was said of them when they were made (JSON values)."""


class EntryWriter:
    """Takes the arrays of an entry while it is made, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, tuple[str, WrittenFile]] = {}

    @contextlib.contextmanager
    def array(self, name: str, n_rows: int) -> Iterator[ArrayWriter]:
        """Yield what takes the rows of an array.

        Args:
            name: any text, by which the array is found again.
            n_rows: how many rows will come.
        """
        file = f"{len(self._files)}.npy"
        writer = ArrayWriter(self._folder / file, n_rows)
        self._files[name] = (file, WrittenFile(0, 0, ""))
        try:
            yield writer
            self._files[name] = (file, writer.finish())
        finally:
            writer.close()

    def written(self, name: str) -> NDArray[Any]:
        """Return an array that is finished, mapped."""
        return map_array(self._folder / self._files[name][0])

    def require_space(self, n_bytes: int) -> None:
        """Refuse what will not fit on the disk, before it is made.

        Raises:
            DataError: fewer bytes are free.
        """
        free = shutil.disk_usage(self._folder).free
        if n_bytes + MARGIN_BYTES > free:
            raise DataError(
                f"the decoded examples need {_gigabytes(n_bytes)} in {self._folder.parent}, where "
                f"{_gigabytes(free)} are free; free some space, set FRONTRUNNER_CACHE to another folder, or take fewer "
                f"examples by `at_most`"
            )

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write what is known of the arrays; the entry is complete then."""
        files = {name: {"file": file, **dataclasses.asdict(state)} for name, (file, state) in self._files.items()}
        _write_json(self._folder / ENTRY, {**about, "files": files})


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
            _sweep(root, folder)
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
            _write_json(folder / ENTRY, entry)
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


def _sweep(root: Path, folder: Path) -> None:
    """Remove what killed processes have left of other entries."""
    for partial in root.glob("*.partial"):
        if partial.stem == folder.name:
            continue
        lock = FileLock(partial.with_suffix(".lock"))
        with contextlib.suppress(Timeout, OSError), lock.acquire(timeout=0):  # not of those still at work
            shutil.rmtree(partial, ignore_errors=True)


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as opened:
        json.dump(content, opened)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB"
