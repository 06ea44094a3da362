"""Say what to do about an error of SQLite or MLflow, by what it says; SQLAlchemy and MLflow pass only words on."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ...one_line import as_one_line

BACKUP = "put a backup in its place"
"""What to do about a database that is lost and is not a store's."""
FULL = "database or disk is full"
"""What SQLite says of a disk without space."""
_ADVICE = {
    "readonly database": "it cannot be written here; copy the store's folder to a place that can, or give --store",
    "unable to open database file": "check that its folder is there and that its permissions let you use it",
    "disk i/o error": "check the disk or the network that its folder is on",
    "database is locked": "another process has been writing to it for long; try again once that has ended",
    FULL: "free some space",
    "must be in the 'active' state": "it was deleted in MLflow; restore it there or by `frontrunner store restore`",
}
"""What to do, by a part of the message in lower case."""
_DRIVER = re.compile(r"^\([\w.]+\) ")
"""The class of the driver's error, such as `(sqlite3.OperationalError)`, which SQLAlchemy puts before its words."""
_LOST = ("malformed", "not a database", "no such table", "unsupported file format")
"""Parts of the messages about a database that is damaged, or one of something else."""


def rebuild_command(folder: Path) -> str:
    """Return the command that makes the database of a store again."""
    return f"`frontrunner store rebuild --store {shlex.quote(str(folder))}`"


def rebuild_advice(folder: Path) -> str:
    """Return what to do about the database of a store that is lost."""
    return f"{rebuild_command(folder)} makes it again from the results beside it"


def why_and_advice(error: Exception, otherwise: str = "", *, lost: str = BACKUP) -> str:
    """Return the end of a sentence: why a database failed, in brackets, and what to do where something is known.

    Args:
        error: what the database raised; only the first line that says something is shown.
        otherwise: what to do where nothing is known.
        lost: what to do where the database is damaged.
    """
    lines = (line for line in str(error).strip().splitlines() if not line.startswith("(raised as a result of"))
    message = _DRIVER.sub("", next(lines, type(error).__name__))
    advice = next((advice for part, advice in _ADVICE.items() if part in message.lower()), otherwise)
    if any(part in message.lower() for part in _LOST):
        advice = f"expected MLflow's database, undamaged; {lost}"
    if FULL in message.lower():
        message = "its disk is full"
    return f"({as_one_line(message, 300)})" + (f"; {advice}" if advice else "")
