"""Unpack a bundle into memory within limits: no member's name becomes a path, and no small file grows huge."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import StoreError
from .content import FORMAT, VERSION

BUNDLE = "bundle.json"
MAX_BYTES = 4 * 10**9
"""The most bytes that all members of a bundle together may unpack to."""
MAX_VALUES = 10**8
"""The most values of one table; a small file can claim to hold any number of equal rows."""
MAX_LETTERS = 10**9
"""The most bytes of text in one column of a table; a small file can repeat a long text."""

_MEMBERS = {
    1: r"fronts\.parquet|pareto_fronts\.parquet|curves\.json|routing/[0-9a-f]{16}\.parquet",
    VERSION: r"[0-9a-f]{16}/(cell\.json|curve\.json|(front|true_front|coefficients)\.parquet)",
}
"""Version of the format -> pattern of the members' names beside `bundle.json`."""


@dataclass(frozen=True)
class Unpacked:
    """The members of a bundle."""

    version: int
    about: Mapping[str, Any]
    """The content of `bundle.json`, of which only format and version have been checked."""
    members: Mapping[str, bytes]
    """The other members: name -> content."""


def unpack(archive: zipfile.ZipFile) -> Unpacked:
    """Read all members into memory.

    Raises:
        StoreError: the bundle is of a version that cannot be read.
        ValueError: the file is no bundle, is too large, or has members that no bundle has.
    """
    infos = archive.infolist()
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_BYTES // 10**9} GB")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise ValueError("it has two files of one name")
    if BUNDLE not in names:
        raise ValueError(f"it is a zip file without {BUNDLE}, so no bundle of results")
    about = json.loads(archive.read(BUNDLE))
    version = _version(about)
    names.remove(BUNDLE)
    for name in sorted(names):
        if not re.fullmatch(_MEMBERS[version], name):
            raise ValueError(f"it holds {name!r}, which is no part of a bundle")
    return Unpacked(version, about, {name: archive.read(name) for name in names})


def _version(about: Any) -> int:
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError(f"{BUNDLE} does not say that it is a {FORMAT}")
    version = about.get("version")
    if type(version) is not int or version not in _MEMBERS:
        raise StoreError(
            f"it is of format version {version!r}, this Frontrunner reads {' and '.join(map(str, _MEMBERS))}; "
            "use the version that has written it, or a newer one"
        )
    return version


def check_table(content: bytes) -> None:
    """Raise ValueError for a Parquet file that is implausibly large or holds anything but plain numbers and texts."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(content)) as parquet:
        rows, columns = parquet.metadata.num_rows, parquet.metadata.num_columns
        if rows * columns > MAX_VALUES or columns > 10_000:
            raise ValueError(f"a table of {rows} rows and {columns} columns is no table of a bundle")
        schema = parquet.schema_arrow
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    for field in schema:
        if field.name not in texts and not (pa.types.is_primitive(field.type) or pa.types.is_null(field.type)):
            raise ValueError(f"a column of type {field.type} is no column of a bundle")
    # Read as dictionaries, equal texts are kept once, however many and long they are.
    with pq.ParquetFile(io.BytesIO(content), read_dictionary=texts) as parquet:
        found = parquet.read(columns=texts)
    for column in found.columns:
        letters = sum(
            pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0 for chunk in column.chunks
        )
        if letters > MAX_LETTERS:
            raise ValueError(f"a column with {letters} bytes of text is no column of a bundle")
