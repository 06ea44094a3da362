"""The folder of an export, which is there whole or not at all and never takes the place of anything else."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from ...errors import StoreError
from ...os_errors import because

MARK = "export.json"
"""The file by which a folder is known as an export; it says what was exported, and by `FILES` in which files."""
FILES = "files"


@contextlib.contextmanager
def export_folder(folder: Path, *, force: bool) -> Iterator[Path]:
    """Yield a new folder beside `folder`, which takes its place when the context ends well and is removed otherwise.

    What a killed process has left beside it is removed; an export that it had moved aside is put back.

    Args:
        folder: where the export is to be; its parents are made.
        force: whether an export that is there already is replaced.

    Raises:
        StoreError: the folder holds something, or cannot be written.
    """
    place = Path(os.path.realpath(folder))
    own = f"{platform.node() or 'here'}-{os.getpid()}-{threading.get_native_id()}"
    partial, former = (place.with_name(f".{place.name}.{own}.{kind}") for kind in ("partial", "former"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _tidy(place)
        require_free(folder, force=force)
        partial.mkdir()
        try:
            yield partial
            _list_files(partial)
            require_free(folder, force=force)  # what it held when this began may be something else by now
            if force and place.exists() and any(place.iterdir()):
                place.rename(former)
            elif place.is_dir():
                place.rmdir()  # of an empty folder; any other stays, and nothing is written
            partial.rename(place)
        finally:
            _settle(former, place)
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise StoreError(f"the export cannot be written to {folder} {because(error)}") from error


def require_free(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something; an export too, unless it is to be replaced.

    Raises:
        StoreError: it does, or is no folder.
    """
    if not os.path.lexists(folder):
        return
    try:
        held = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError as error:
        raise StoreError(f"the export cannot be written to {folder}: it is a link to what is not there") from error
    except OSError as error:
        raise StoreError(f"the export cannot be written to {folder} {because(error)}") from error
    if not held:
        return
    own = _files_of_export(folder)
    foreign = held if own is None else sorted(_files_in(folder) - own)
    if foreign:
        raise StoreError(
            f"{folder} holds {foreign[0]}{f' and {len(foreign) - 1} more' if len(foreign) > 1 else ''}, which is no "
            "export; give a folder that is empty or not there"
        )
    if not force:
        raise StoreError(f"{folder} holds an export already; give another folder, or --force to replace it")


def _list_files(folder: Path) -> None:
    """Have the mark of an export say which files are the export's, so that others are never taken for a part of it."""
    mark = folder / MARK
    if mark.exists():
        about = json.loads(mark.read_bytes()) | {FILES: sorted(_files_in(folder))}
        mark.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_symlink() or not file.is_dir()}


def _files_of_export(folder: Path) -> set[str] | None:
    """Return the files of an export in a folder; None where it is none."""
    try:
        about = json.loads((folder / MARK).read_bytes()[:10_000_000])
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(about, dict) or not isinstance(about.get("exported"), list):
        return None
    files = about.get(FILES)
    return {MARK, *map(str, files)} if isinstance(files, list) else None


def _tidy(place: Path) -> None:
    """Settle what processes of this machine that are gone have left beside a folder."""
    own = rf"\.{re.escape(place.name)}\.{re.escape(platform.node() or 'here')}-(\d+)-\d+\.(partial|former|removed)"
    for entry in place.parent.iterdir():
        found = re.fullmatch(own, entry.name)
        if found is None or psutil.pid_exists(int(found[1])):
            continue
        if found[2] == "former":
            _settle(entry, place)
        else:
            shutil.rmtree(entry, ignore_errors=True)


def _settle(former: Path, place: Path) -> None:
    """Remove the export that was moved aside, or put it back where none has come in its place."""
    if not former.exists():
        return
    if not os.path.lexists(place):
        former.rename(place)
        return
    removed = former.with_suffix(".removed")  # so that what is half removed is never put back
    former.rename(removed)
    shutil.rmtree(removed, ignore_errors=True)
