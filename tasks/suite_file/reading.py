"""Read a suite file, and name its fields in errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import ConfigError, FrontrunnerError
from ...yaml_file import read_yaml
from ..weight_files.locate import nearest_path
from .schema import PARTS, SuiteFile


def read_suite_file(path: str | Path) -> SuiteFile:
    """Read a suite file and check its form; the files that it names are not looked at.

    Raises:
        ConfigError: it cannot be read, or does not fit; the message names the path of the wrong field and the nearest
            key.
    """
    file = Path(path)
    if file.is_dir():
        raise ConfigError(f"{file} is a folder; name the suite file in it, or make one by `frontrunner suite new`")
    if not file.exists():
        near = nearest_path(file)
        near = near if near.startswith("did you mean") else "`frontrunner suite new FOLDER` writes a first one"
        raise ConfigError(f"there is no suite file {file}; {near}")
    return read_yaml(file, SuiteFile, PARTS)


@contextlib.contextmanager
def field(where: str) -> Iterator[None]:
    """Put the path of a field before the message of whatever is raised within.

    Raises:
        FrontrunnerError: what is raised within, with the path before its message.
    """
    try:
        yield
    except FrontrunnerError as error:
        error.args = (f"{where}: {error}",)
        raise
