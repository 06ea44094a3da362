"""Register the suites of suite files, beside those that packages and plugins define."""

from __future__ import annotations

from pathlib import Path

from ..suite import SUITES
from .file_suite import FileSuite, suite_class


def load_suite_file(path: str | Path) -> type[FileSuite]:
    """Read a suite file, register its suite under its name, and return it.

    A file that was edited since takes the place of what it was.

    Raises:
        ConfigError: the file cannot be read, or is no suite file.
        DuplicateNameError: the name is taken by another origin; the message names both.
    """
    made = suite_class(path)
    SUITES.put(made.name, str(made.file), made)
    return made
