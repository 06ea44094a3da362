"""Write files of runs directly to their folder, not through MLflow: it may have the address of another folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...whole_file import replacing

LOG = "worker.log"
"""The file that takes what a worker and its libraries print, tracebacks included; imported cells have none."""


def write_documents(home: Path, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Write JSON files to the folder of a run's files, by file name; each appears whole or not at all."""
    home.mkdir(parents=True, exist_ok=True)
    for file, content in documents.items():
        with replacing(home / file) as partial:
            partial.write_text(json.dumps(content, indent=2, default=str), encoding="utf-8")


def copy_files(folder: Path, home: Path) -> None:
    """Copy all files of a folder and of those in it to the folder of a run's files, where they replace older ones."""
    for file in sorted(found for found in folder.rglob("*") if found.is_file()):
        place = home / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as partial:
            shutil.copyfile(file, partial)
