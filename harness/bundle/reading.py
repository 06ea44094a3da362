"""Read a bundle that somebody else may have made, and check it to the last number before any of it is used."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ...errors import FrontrunnerError, StoreError
from ...one_line import as_one_line
from ...os_errors import because
from ...regular_file import check_regular
from ...validation_words import validation_message
from ..records.finished_cell import MANIFEST, MAX_MANIFEST_BYTES, STATE, FinishedCell, Manifest
from ..records.front_record import TRUE_FRONT, FrontRecord
from ..records.json_limits import check_json
from .archive import PIECE_BYTES, BundleFile, Unpacked, unpack
from .checks import check_finished, check_hypervolume
from .comparable import incomparable
from .content import Content
from .first_version import read_first_version
from .shared_cell import Bundle, SharedCell

MAX_VALUES = 250 * 10**6
"""The most numbers of all fronts and merge coefficients together, which are in memory at once: 2 GB. A table of equal
numbers takes next to nothing in a file."""

# An encrypted member raises RuntimeError. Arrow's errors are ValueErrors, OSErrors and the like.
_UNREADABLE = (ValueError, LookupError, TypeError, RuntimeError, EOFError, OverflowError, MemoryError)


def read_bundle(file: Path) -> Bundle:
    """Read and check a bundle; nothing is written anywhere but to a temporary folder.

    Raises:
        StoreError: the bundle cannot be read, is of another version, or holds something that is not what it says it
            is.
    """
    try:
        check_regular(file)
        with BundleFile(file) as opened:
            with zipfile.ZipFile(opened) as archive:
                unpacked = unpack(archive, file.stat().st_size)
            opened.seek(0)
            digest = hashlib.sha256()
            while piece := opened.read(PIECE_BYTES):
                digest.update(piece)
        cells = read_first_version(unpacked) if unpacked.version == 1 else _read_cells(unpacked)
        bundle = Bundle(digest.hexdigest(), tuple(cells))
        _check_comparable(bundle)
        return bundle
    except OSError as error:
        raise StoreError(f"the bundle {file} cannot be read {because(error)}") from error
    except (FrontrunnerError, zipfile.BadZipFile, zlib.error, *_UNREADABLE) as error:
        what = "cannot be used" if isinstance(error, StoreError) else "is damaged"
        raise StoreError(f"the bundle {file} {what}: {_message(error)}; nothing was imported") from error


def _read_cells(unpacked: Unpacked) -> list[SharedCell]:
    """Return the cells of a bundle of the current version."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in unpacked.members.items():
        key, _, file = name.partition("/")
        folders.setdefault(key, {})[file] = content
    cells, n_values = [], 0
    true_fronts: dict[str, NDArray[np.float64]] = {}
    for entry in Content.model_validate(unpacked.about).cells:
        finished = None
        if entry.hypervolume is not None:
            finished = _read_finished(entry.key, folders.pop(entry.key, {}), true_fronts)
            if finished.cell.to_json() != entry.parsed.to_json():
                raise ValueError(f"the folder {entry.key} is of another cell than its name says")
            n_values += _n_values(finished)
            if n_values > MAX_VALUES:
                raise ValueError(
                    f"its fronts and merge coefficients may hold {MAX_VALUES:,} numbers at most, found more"
                )
            check_finished(finished)
            check_hypervolume(finished, entry.hypervolume, entry.hypervolume_error)
        cells.append(SharedCell(entry.parsed, entry.recorded_status, entry.reason, finished))
    if folders:
        raise ValueError(f"it holds a folder {min(folders)}, which is of no finished cell")
    return cells


def _n_values(finished: FinishedCell) -> int:
    found = finished.coefficients
    return 3 * finished.front.evaluation.error.size + (0 if found is None else found.coefficients.size)


def _read_finished(key: str, files: Mapping[str, bytes], true_fronts: dict[str, NDArray[np.float64]]) -> FinishedCell:
    """Read the folder of a finished cell.

    Args:
        key: the cell's key, for messages.
        files: name of a file -> its content.
        true_fronts: digest of a file -> its true front; the cells of a suite share one, which is kept once.
    """
    if MANIFEST not in files:
        raise ValueError(f"the folder {key} of a finished cell has no {MANIFEST}")
    check_json(files[MANIFEST], f"{key}/{MANIFEST}", max_bytes=MAX_MANIFEST_BYTES)
    listed = Manifest.model_validate_json(files[MANIFEST]).files
    # This comes before any listed name becomes a path.
    if set(listed) - {STATE} != set(files) - {MANIFEST}:
        raise ValueError(f"{key}/{MANIFEST} lists {', '.join(sorted(listed))}, found {', '.join(sorted(files))}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        try:
            finished = FinishedCell.read(folder, without_state=True)
        except StoreError as error:
            raise ValueError(str(error).replace(temporary, key)) from error
    if finished.front.pareto_front is None or TRUE_FRONT not in listed:
        return finished
    truth = true_fronts.setdefault(listed[TRUE_FRONT], finished.front.pareto_front)
    return dataclasses.replace(finished, front=dataclasses.replace(finished.front, pareto_front=truth))


def _check_comparable(bundle: Bundle) -> None:
    first_of: dict[str, FrontRecord] = {}
    for record in bundle.fronts():
        first = first_of.setdefault(record.cell.group, record)
        if difference := incomparable(first, record, ("for one", "for another")):
            raise ValueError(f"the runs of {record.cell.group} were scored in two ways: {difference}")


def _message(error: BaseException) -> str:
    """Return an error's text in one line, without the control characters that the bundle may hold."""
    text = str(error).strip()
    if isinstance(error, ValidationError):
        text = validation_message(error)
    elif not isinstance(error, FrontrunnerError):
        text = text.partition("\n")[0]
    return as_one_line(text or type(error).__name__, 500)
