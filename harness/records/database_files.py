"""Rename or remove a store's database with all that SQLite keeps beside it."""

from __future__ import annotations

from pathlib import Path

from .readable_database import BESIDE


def set_aside(folder: Path) -> Path | None:
    """Rename the database of the store in a folder, and return its new path; None where there is none.

    A journal that was left alone would be applied to the next database of the same name.
    """
    names = (f"mlflow.damaged{number}.db" for number in ("", *range(2, 1000)))
    aside = next(path for name in names if not (path := folder / name).exists())
    for file in _files(folder):
        file.rename(f"{aside}{file.name.removeprefix('mlflow.db')}")
    return aside if aside.exists() else None


def remove_database(folder: Path) -> None:
    """Remove the database of the store in a folder."""
    for file in _files(folder):
        file.unlink()


def _files(folder: Path) -> list[Path]:
    paths = (folder / f"mlflow.db{end}" for end in ("", *BESIDE, "-shm"))
    return [path for path in paths if path.exists()]
