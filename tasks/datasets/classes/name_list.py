"""Lists of names in a suite file: given there, or in a file with one a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....errors import ConfigError
from ....os_errors import because
from ....regular_file import check_regular
from ....utf8_file import read_utf8
from ..data_file import given_path
from .class_names import main_name

LARGEST_LIST_BYTES = 10_000_000
"""Of a file of names or prompts: ImageNet-21k's has 500,000."""


def listed_lines(given: str | Sequence[str], base: Path, where: str) -> tuple[str, ...]:
    """Return names with others of the same class, each after a tab, as they are given or as a file has them.

    Args:
        given: the names, or the path of a file.
        base: where a relative path starts.
        where: what messages call the names that are given themselves.

    Raises:
        ConfigError: the file cannot be read, there are none, or one is empty.
    """
    if isinstance(given, str):
        file = given_path(base, given)
        where = str(file)
        try:
            check_regular(file)
        except OSError as error:
            raise ConfigError(f"{file} cannot be read {because(error)}; expected one name a line") from error
        lines = [line.strip() for line in read_utf8(file, LARGEST_LIST_BYTES).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
    else:
        lines = [name.strip() for name in given]
    if not lines:
        raise ConfigError(f"{where} is empty, expected one name a line")
    if "" in lines:
        raise ConfigError(f"line {lines.index('') + 1} of {where} is empty, expected a name on each")
    return tuple(lines)


def listed_names(given: str | Sequence[str], base: Path, where: str = "the list") -> tuple[str, ...]:
    """Return the names alone, without others of the same class, as `listed_lines` reads them."""
    return tuple(main_name(line) for line in listed_lines(given, base, where))
