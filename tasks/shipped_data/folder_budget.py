"""The most that a folder of shipped data may weigh."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...errors import DataError


def check_budget(files: Iterable[Path], most_bytes: int, what: str, advice: str) -> int:
    """Return the bytes of files that every clone and every wheel carries.

    Args:
        files: files that exist.
        most_bytes: the budget.
        what: names what the files hold, in the plural.
        advice: says what makes it less.

    Raises:
        DataError: they are more than the budget.
    """
    n_bytes = sum(file.stat().st_size for file in files)
    if n_bytes > most_bytes:
        raise DataError(f"expected at most {most_bytes:,} bytes of {what}, found {n_bytes:,}; {advice}")
    return n_bytes
