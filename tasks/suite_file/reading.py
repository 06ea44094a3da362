"""Read a suite file and everything small that it names, such as lists of classes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import ConfigError, DataError, FrontrunnerError
from ...os_errors import because
from ...regular_file import check_regular
from ...utf8_file import read_utf8
from ...yaml_file import read_yaml
from ..weight_files.locate import nearest_path
from .schema import PARTS, SuiteFile

MAX_LIST_BYTES = 5_000_000
"""The most bytes of a file of names or prompts: ImageNet-21k's have 500,000."""


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


def listed_names(given: str | Sequence[str], base: Path) -> tuple[str, ...]:
    """Return names or prompts that a field holds itself, or a file that it names, one a line.

    Of a line with tabs the first part is the name: other names of the same class follow.

    Raises:
        DataError: the file is missing, empty, or has an empty line between names.
    """
    if not isinstance(given, str):
        return tuple(name.partition("\t")[0].strip() for name in given)
    file = base / Path(given).expanduser()
    try:
        check_regular(file)
        lines = read_utf8(file, MAX_LIST_BYTES).split("\n")
    except OSError as error:
        raise DataError(f"{given} cannot be read {because(error)}; one name a line is expected") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{given} is empty; one name a line is expected")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise DataError(f"line {number} of {given} is empty; one name a line is expected")
    return tuple(line.partition("\t")[0].strip() for line in lines)
