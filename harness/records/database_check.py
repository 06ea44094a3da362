"""Say what is wrong with a store's database before it is used, and which command makes it again."""

from __future__ import annotations

from pathlib import Path

from ...errors import StoreError
from ...one_line import as_one_line
from .database_errors import rebuild_advice, rebuild_command
from .readable_database import BESIDE, reading
from .recorded_folders import recorded_folders

REBUILDING = "mlflow.rebuilding"
"""Name of the file that lies in a store's folder while its database is made again."""
CHECKED_BYTES = 500 * 10**6
"""A database of up to this size is checked whenever it is opened to be written, which takes 0.2 s for every 100 MB; a
larger one only where its last writer was killed."""


def require_database(folder: Path, database: Path, *, may_be_new: bool) -> None:
    """Raise StoreError unless a folder holds a database, or may get a new one; nothing is read from it.

    Args:
        folder: the store's folder.
        database: its database.
        may_be_new: whether a folder without a store is accepted; one with results and no database is a store.
    """
    if (folder / REBUILDING).exists():
        raise StoreError(
            f"the database of the store in {folder} is being made again; wait for that, or where it was interrupted, "
            f"start {rebuild_command(folder)} again"
        )
    if database.is_file() and database.stat().st_size > 0:
        return
    holds_results = any(True for _ in recorded_folders(folder))
    if database.is_file():
        what = rebuild_advice(folder) if holds_results else "remove it to start a new store"
        raise StoreError(f"{database} is empty, so what it held is lost; {what}")
    if holds_results:
        raise StoreError(
            f"{database} is missing, while {folder / 'artifacts'} holds the files of runs; {rebuild_advice(folder)}"
        )
    if not may_be_new:
        raise StoreError(f"there is no store in {folder}; run something first, or name another with --store")


def require_undamaged(database: Path, *, however_large: bool = False) -> None:
    """Raise StoreError where a database is damaged or is one of something else; called before it is written.

    MLflow would add its tables to any database of SQLite.
    """
    crashed = any(Path(f"{database}{end}").exists() for end in BESIDE)
    with reading(database) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if tables and not {"experiments", "runs", "tags"} <= tables:
            raise StoreError(
                f"{database} is a database of something else, with a table {min(tables)!r}; move it away, then "
                f"start a new store, or {rebuild_command(database.parent)} where there are results beside it"
            )
        if however_large or crashed or database.stat().st_size <= CHECKED_BYTES:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
            if found != "ok":
                raise StoreError(
                    f"{database} is damaged ({as_one_line(found, 200)}); {rebuild_advice(database.parent)}"
                )


def is_sound(database: Path) -> bool:
    """Return whether there is a database, MLflow's and undamaged, however large."""
    if not database.is_file() or database.stat().st_size == 0:
        return False
    try:
        require_undamaged(database, however_large=True)
    except StoreError:
        return False
    return True
