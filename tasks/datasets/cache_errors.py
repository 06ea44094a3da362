"""What to do when the cache of examples cannot be read or written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import DataError
from ...os_errors import because


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an OSError into a DataError that names the folder and says what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the cache of examples {folder} cannot be used {because(error)}; "
            "you may also set FRONTRUNNER_CACHE to another folder"
        ) from error
