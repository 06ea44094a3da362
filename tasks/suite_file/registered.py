"""Register the suites of suite files, beside those that packages and plugins define."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...errors import FrontrunnerError
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
    with contextlib.suppress(FrontrunnerError):  # said where it is asked for
        load_random_suite(path)
    return made


def load_random_suite(path: str | Path) -> type[FileSuite]:
    """Read a suite file, register the suite of its shapes with random weights, and return it.

    Raises:
        ConfigError, DuplicateNameError: as `load_suite_file`; or the file does not say how many classes a task has.
    """
    made = suite_class(path, random=True)
    SUITES.put(made.name, str(made.file), made)
    return made
