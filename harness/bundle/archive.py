"""Unpack a bundle into memory within limits: no member's name becomes a path, and no small file grows huge.

What the directory of the zip file says is checked first. It need not be true: a member is unpacked in pieces, up to
the size that is stated, and another size or content is an error of its checksum.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import StoreError
from ..records import json_limits, table_limits
from ..records.example_errors import MAX_BYTES as MAX_ERRORS_BYTES
from ..records.finished_cell import EXAMPLE_ERRORS, MAX_CURVE_BYTES, MAX_MANIFEST_BYTES
from .content import FORMAT, VERSION

BUNDLE = "bundle.json"
MAX_MEMBERS = 200_000
"""The most members: thirty thousand finished cells of six files, three times the largest bench that is timed."""
MAX_DIRECTORY_BYTES = 100 * MAX_MEMBERS
"""The most bytes of the zip file's directory, which is read as a whole; a member takes some 75."""
MAX_BYTES = 2 * 10**9
"""The most bytes that all members together may unpack to; a finished cell has 20,000."""
MAX_RATIO = 200
"""How many times as large as the file its members may be; tables and JSON of results come to 10."""
PIECE_BYTES = 2**20
"""How much of a member is unpacked at a time."""

_MEMBERS = {
    1: r"fronts\.parquet|pareto_fronts\.parquet|curves\.json|routing/[0-9a-f]{16}\.parquet",
    VERSION: r"[0-9a-f]{16}/((cell|curve)\.json|(front|true_front|coefficients)\.parquet|example_errors\.safetensors)",
}
"""Version of the format -> pattern of the members' names beside `bundle.json`."""
_MEMBER_BYTES = {
    "cell.json": MAX_MANIFEST_BYTES,
    "curve.json": MAX_CURVE_BYTES,
    EXAMPLE_ERRORS: MAX_ERRORS_BYTES,
    BUNDLE: json_limits.MAX_BYTES,
    "curves.json": json_limits.MAX_BYTES,
}
"""Name of a file -> the most bytes that it may unpack to; tables may have `table_limits.MAX_BYTES`."""


@dataclass(frozen=True)
class Unpacked:
    """The members of a bundle."""

    version: int
    about: Mapping[str, Any]
    """The content of `bundle.json`, of which only format and version have been checked."""
    members: Mapping[str, bytes]
    """The other members: name -> content."""


class BundleFile(io.FileIO):
    """A bundle's file, opened to read it; a directory too large to be read as a whole is refused."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes; zipfile reads its directory in one piece, and members in small ones."""
        left = self.seek(0, io.SEEK_CUR)
        end = self.seek(0, io.SEEK_END)
        self.seek(left)
        if min(end - left, end if size is None or size < 0 else size) > MAX_DIRECTORY_BYTES:
            raise ValueError(f"its directory may have {MAX_DIRECTORY_BYTES:,} bytes at most, found more")
        return super().read(-1 if size is None else size) or b""


def unpack(archive: zipfile.ZipFile, size: int) -> Unpacked:
    """Read all members into memory.

    Args:
        archive: the bundle.
        size: the bytes of its file.

    Raises:
        StoreError: the bundle is of a version that cannot be read.
        ValueError: the file is no bundle, exceeds a limit above, or has members that no bundle has.
    """
    infos = archive.infolist()
    _check_directory(infos, size)
    by_name = {info.filename: info for info in infos}
    if len(by_name) < len(infos):
        raise ValueError("it has two files of one name")
    if BUNDLE not in by_name:
        raise ValueError(f"it is a zip file without {BUNDLE}, so no bundle of results")
    about = json_limits.parse_json(_read(archive, by_name.pop(BUNDLE)), BUNDLE)
    version = _version(about)
    for name in sorted(by_name):
        if not re.fullmatch(_MEMBERS[version], name):
            raise ValueError(f"it holds {name[:200]!r}, which is no part of a bundle")
    return Unpacked(version, about, {name: _read(archive, info) for name, info in by_name.items()})


def _check_directory(infos: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Check what the directory says of the members, before one of them is read."""
    if len(infos) > MAX_MEMBERS:
        raise ValueError(f"it may hold {MAX_MEMBERS:,} files at most, found {len(infos):,}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_BYTES:,} bytes ({unpacked:,})")
    if unpacked > MAX_RATIO * size:
        raise ValueError(f"it unpacks to {unpacked / size:,.0f} times its size, {MAX_RATIO} times are the most")
    if sum(info.compress_size for info in infos) > size:
        raise ValueError("its files overlap: together they are larger than it")
    for info in infos:
        if info.flag_bits & 0x1:
            raise ValueError(f"{info.filename[:200]!r} is encrypted, which no file of a bundle is")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{info.filename[:200]!r} is compressed in another way than bundles are")
        most = _MEMBER_BYTES.get(info.filename.rpartition("/")[2], table_limits.MAX_BYTES)
        if info.file_size > most:
            raise ValueError(f"{info.filename[:200]!r} may have {most:,} bytes at most, found {info.file_size:,}")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content; read as a whole it could unpack to more than it says before that is noticed."""
    content = bytearray()
    with archive.open(info) as member:
        while piece := member.read(PIECE_BYTES):
            content += piece
    return bytes(content)


def _version(about: Any) -> int:
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError(f"{BUNDLE} does not say that it is a {FORMAT}")
    version = about.get("version")
    if type(version) is not int or version not in _MEMBERS:
        raise StoreError(
            f"it is of format version {version!r:.100}, this Frontrunner reads {' and '.join(map(str, _MEMBERS))}; "
            "use the version that has written it, or a newer one"
        )
    return version
