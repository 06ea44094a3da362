"""Find data sets in a folder: folders of class folders, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff", ".gif"}
TABLES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet"}
"""Formats by the ending of their files."""
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""What files and folders of our splits are called."""
CLASS_LISTS = ("classes.txt", "labels.txt", "class_names.txt")
DEPTH = 3


@dataclass(frozen=True)
class FoundData:
    """One data set."""

    name: str
    """What it is called: the name of its folder, or of its only file."""
    format: str
    """A key of a task's data, such as imagefolder."""
    path: str
    """Of the folder or file, relative to the searched one; empty where `files` has one a split."""
    files: dict[str, str] = field(default_factory=dict)
    """Split -> file, of tables."""
    classes: str | None = None
    """A file with the names of the classes beside them."""
    example: Path | None = None
    """A table, to look at its columns."""


def find_data(folder: Path) -> list[FoundData]:
    """Return the data sets in a folder, those that hold others left out."""
    return list(_find(folder, folder, DEPTH))


def _find(folder: Path, root: Path, depth: int) -> Iterator[FoundData]:
    inner = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = sorted(child for child in folder.iterdir() if child.is_file())
    if folder != root and _holds_classes(folder, inner):
        yield FoundData(folder.name, "imagefolder", _relative(folder, root), classes=_class_list(files, root))
        return
    tables = [file for file in files if file.suffix in TABLES]
    if tables:
        yield from _tables(folder, tables, files, root)
    if depth > 0:
        for one in inner:
            yield from _find(one, root, depth - 1)


def _holds_classes(folder: Path, inner: Sequence[Path]) -> bool:
    """Return whether a folder holds class folders of images, or splits that do."""
    if not inner:
        return False
    if any(_is_class(one) for one in inner):
        return _split_of(folder.name) is None
    splits = [one for one in inner if _split_of(one.name) is not None]
    return bool(splits) and any(_is_class(child) for one in splits for child in one.iterdir() if child.is_dir())


def _is_class(folder: Path) -> bool:
    return any(child.suffix.lower() in IMAGES for child in folder.iterdir() if child.is_file())


def _tables(folder: Path, tables: Sequence[Path], files: Sequence[Path], root: Path) -> Iterator[FoundData]:
    """Yield the data set whose splits are tables in a folder, else one a table."""
    by_split = {split: file for file in tables if (split := _split_of(file.stem)) is not None}
    classes = _class_list(files, root)
    if folder != root and "train" in by_split:
        form = TABLES[by_split["train"].suffix]
        named = {split: _relative(file, root) for split, file in by_split.items() if TABLES[file.suffix] == form}
        yield FoundData(folder.name, form, "", named, classes, by_split["train"])
        return
    for file in tables:
        yield FoundData(file.stem, TABLES[file.suffix], _relative(file, root), classes=classes, example=file)


def _split_of(name: str) -> str | None:
    """Return the split that a file or folder is called after."""
    plain = re.split(r"[-_.]", name.lower())[0]
    return next((split for split, names in SPLITS.items() if plain in names), None)


def _class_list(files: Sequence[Path], root: Path) -> str | None:
    return next((_relative(file, root) for file in files if file.name.lower() in CLASS_LISTS), None)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
