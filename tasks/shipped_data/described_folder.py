"""Describe a folder of shipped data: its manifest and its table of provenance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .manifest import MANIFEST, manifest_text
from .provenance import with_table

PROVENANCE = "PROVENANCE.md"


def describe_folder(
    out: Path, document: str, *, manifest: dict[str, Any], rows: Sequence[str], files: Sequence[str], written_by: str
) -> list[Path]:
    """Write the manifest and the document of provenance beside shipped files, and return the paths of all.

    Args:
        out: the folder.
        document: the text of PROVENANCE.md, with the markers of its table.
        manifest: what describes the files.
        rows: the lines of the table.
        files: names of the files.
        written_by: the script, which the table names.

    Raises:
        DataError: the document has no markers.
    """
    (out / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
    (out / PROVENANCE).write_text(with_table(document, rows, written_by=written_by), encoding="utf-8")
    return [out / name for name in (*files, MANIFEST, PROVENANCE)]
