"""The images below a folder, listed and not opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ....errors import DataError
from ....os_errors import because

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".ppm", ".pgm", ".pbm", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
"""Of images, in lower case."""
MOST_FOLDERS = 100_000
"""Of one data set; a path to a whole disk is noticed so."""
DEEPEST = 12
"""Levels of folders; links may make circles."""
_OF_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx"}
"""Files and folders that systems leave beside images."""


@dataclass
class ImageTree:
    """Folders below a root, by path relative to it with slashes, in order of name."""

    root: Path
    images: dict[str, list[str]] = field(default_factory=dict)
    """Names of the images of every folder, the root's under ""."""
    others: Counter[str] = field(default_factory=Counter)
    """How many other files there are, by suffix; hidden ones and those that systems leave are not counted."""

    def below(self, folder: str) -> ImageTree:
        """Return the part of the tree below a folder."""
        part = ImageTree(self.root / folder if folder else self.root)
        for path, names in self.images.items():
            if path == folder:
                part.images[""] = names
            elif not folder or path.startswith(f"{folder}/"):
                part.images[path[len(folder) + 1 :] if folder else path] = names
        part.others = self.others
        return part

    def children(self) -> list[str]:
        """Return the folders directly below the root."""
        return sorted({path.partition("/")[0] for path in self.images if path})


def list_images(root: Path) -> ImageTree:
    """List the images below a folder, links included.

    Raises:
        DataError: it is no folder, cannot be read, or holds more folders than a data set has.
    """
    if not root.is_dir():
        what = "is a file, expected a folder of class folders" if root.is_file() else "does not exist"
        there = next((parent for parent in root.parents if parent.is_dir()), root)
        raise DataError(f"the folder {root} {what}; {_beside(there)}")
    tree = ImageTree(root)
    try:
        _list(tree, "", 0)
    except OSError as error:
        raise DataError(f"{root} cannot be listed {because(error)}") from error
    return tree


def _list(tree: ImageTree, folder: str, depth: int) -> None:
    if len(tree.images) > MOST_FOLDERS or depth > DEEPEST:
        raise DataError(
            f"{tree.root} holds more than {MOST_FOLDERS:,} folders or {DEEPEST} levels of them; give the folder that "
            f"holds the class folders"
        )
    images = tree.images.setdefault(folder, [])
    for entry in _visible(tree.root / folder):
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir():
            _list(tree, path, depth + 1)
        elif (suffix := os.path.splitext(entry.name)[1].lower()) in SUFFIXES:
            images.append(entry.name)
        else:
            tree.others[suffix or entry.name] += 1


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    return (entry for entry in found if not entry.name.startswith(".") and entry.name.lower() not in _OF_SYSTEMS)


def _beside(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())[:5]
    return f"{folder} holds the folders {', '.join(names)}" if names else f"{folder} holds no folders"
