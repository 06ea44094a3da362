"""Find the folders of runs in a store by their names alone, whatever its database says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_RUN_ID = re.compile(r"[0-9a-f]{32}")
FORGOTTEN_MARK = "forgotten"
"""Name of the empty file beside the files of a run that was forgotten."""


@dataclass(frozen=True)
class RecordedFolder:
    """The folder of a run's files."""

    run_id: str
    suite: str
    folder: Path

    @property
    def mark(self) -> Path:
        """The file that is there while the run is forgotten."""
        return self.folder.parent / FORGOTTEN_MARK


def recorded_folders(store: Path) -> Iterator[RecordedFolder]:
    """Yield the folder of every run of a store, of benches and studies too, in no order."""
    root = store / "artifacts"
    for above, names, _ in os.walk(root):
        for name in sorted(names):
            if _RUN_ID.fullmatch(name):
                names.remove(name)
                folder = Path(above, name, "artifacts")
                if folder.is_dir():
                    yield RecordedFolder(name, Path(above).relative_to(root).as_posix(), folder)
