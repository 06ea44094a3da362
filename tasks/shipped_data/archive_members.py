"""Reading archives member by member; nothing is unpacked to disk."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ...errors import DataError


def tar_members(archive: Path | bytes, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the regular files of a .tgz or .deb that are `wanted`, in the archive's order.

    Links are left out: in the packages at hand they only repeat a file under a second name.

    Args:
        archive: a file, or the content of a compressed tar that lay in another archive.
        wanted: says of a member's name whether it is read.
    """
    if isinstance(archive, bytes):
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            yield from _read(tar, wanted)
        return
    if archive.suffix != ".deb":
        with tarfile.open(archive, "r|*") as tar:
            yield from _read(tar, wanted)
        return
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as tar,
    ):
        yield from _read(tar, wanted)


def _read(tar: tarfile.TarFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        if member.isfile() and wanted(member.name):
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def one_member(archive: Path | bytes, end: str) -> bytes:
    """Return the first file of a .tgz or .deb whose name ends with `end`, reading no further than it.

    Raises:
        DataError: there is none.
    """
    for _, content in tar_members(archive, lambda name: name.endswith(end)):
        return content
    raise DataError(f"expected a file ending with {end!r} in the archive, found none; fetch the pinned version")
