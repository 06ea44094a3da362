"""Say what to do about an error of SQLite or MLflow, by what it says; SQLAlchemy and MLflow pass only words on."""

from __future__ import annotations

_ADVICE = {
    "readonly database": "it cannot be written here; copy the store's folder to a place that can, or give --store",
    "unable to open database file": "check that its folder is there and that its permissions let you use it",
    "disk i/o error": "check the disk or the network that its folder is on",
    "database is locked": "another process has been writing to it for long; try again once that has ended",
    "database or disk is full": "free some space",
    "malformed": "expected MLflow's database, undamaged; put a backup in its place",
    "not a database": "expected MLflow's database, undamaged; put a backup in its place",
    "must be in the 'active' state": "it was deleted in MLflow; restore it there or by `frontrunner store restore`",
}
"""What to do, by a part of the message in lower case."""


def advice_on(message: str) -> str:
    """Return what to do about an error with this message; empty where nothing is known to help."""
    return next((advice for part, advice in _ADVICE.items() if part in message.lower()), "")
