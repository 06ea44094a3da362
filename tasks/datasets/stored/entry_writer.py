"""Write an entry of the cache of examples: arrays one after the other, and a file that says what they are."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ....errors import DataError
from .array_file import ArrayWriter, WrittenFile, map_array

ENTRY = "entry.json"
MARGIN_BYTES = 50_000_000
"""What an entry must leave free on the disk."""


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
        write_json(self._folder / ENTRY, {**about, "files": files})


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file, on the disk before this returns."""
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as opened:
        json.dump(content, opened)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB"
