"""The folder in which everything that was computed once is kept for later runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

from ..errors import DataError
from ..os_errors import because


def cache_folder() -> Path:
    """Return the folder named by `FRONTRUNNER_CACHE`, or else the user's cache folder on this platform.

    Raises:
        DataError: it is in the user's home, and the system knows none.
    """
    chosen = os.environ.get("FRONTRUNNER_CACHE")
    try:  # without a home, the user's cache folder is one called ~ in the working directory
        return Path(chosen or user_cache_path("frontrunner", appauthor=False)).expanduser()
    except RuntimeError as error:
        raise DataError(
            "this user has no home; set HOME or FRONTRUNNER_CACHE to a folder that can be written"
        ) from error


OTHER_FOLDER = "you may also set FRONTRUNNER_CACHE to another folder"
"""What may be done about a full or forbidden cache, beside what helps any folder."""


def because_in(folder: Path, error: Exception) -> str:
    """Return why something in a folder failed, with what to do, see `because`; in the cache, that it may lie elsewhere.

    What a machine keeps of a store on a server lies there, too.
    """
    with contextlib.suppress(DataError):
        if folder.resolve().is_relative_to(cache_folder().resolve()):
            return f"{because(error)}; {OTHER_FOLDER}"
    return because(error)


@contextlib.contextmanager
def using_cache(what: str, folder: Path) -> Iterator[None]:
    """Turn an OSError into a DataError that says what to do.

    Args:
        what: what the message calls this part of the cache, such as "expert cache".
        folder: the part's folder.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"the {what} {folder} cannot be used {because(error)}; {OTHER_FOLDER}") from error
