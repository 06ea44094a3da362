"""Image folders: class folders, or a folder of class folders a split."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...suite_file.schema import ONE_FILE, Split
from ..data_file import given_path
from ..raw_split import DataSource, Labels, RawImage, RawSplit, Tell, no_tell
from .file_digests import digests_of
from .image_levels import class_levels, find_splits
from .image_tree import ImageTree, list_images


class ImageFolders(DataSource):
    """Images in class folders.

    Args:
        base: where relative paths start.
        given: the folder, or one a split.
        named: the data's own names of splits that the suite file gives.
    """

    kind = "image"

    def __init__(self, base: Path, given: str | Mapping[str, str], named: Sequence[str] = ()) -> None:
        if isinstance(given, str):
            root = given_path(base, given)
            tree = list_images(root)
            splits = find_splits(tree, named)
            self._trees = {split: tree.below(split) for split in splits} or {ONE_FILE: tree}
            self._names: dict[str, str] = {}
            self.name = str(root)
        else:
            self._trees = {split: list_images(given_path(base, path)) for split, path in given.items()}
            self._names = {split: str(tree.root) for split, tree in self._trees.items()}
            self.name = " and ".join(self._names.values())
        self.split_names = tuple(self._trees)

    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return the images of a split, whose class folders may be nested."""
        return ImageSplit(self._trees[split], classes)

    def name_of(self, split: str) -> str:
        """Return the path that is given for a split, or else for all."""
        return self._names.get(split, self.name)

    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return the digest of the names and contents of the images."""
        digest = hashlib.sha256()
        for split, name in sorted(own.items()):
            tree = self._trees[name]
            names = _files(tree)
            digest.update(f"{split}|{len(names)}|".encode())
            digest.update(b"\0".join(os.fsencode(folder) for folder in tree.images))  # empty ones are classes, too
            digest.update(b"\0".join(os.fsencode(name) for name in names))
            digest.update(digests_of(tree.root, names, tell).tobytes())
        return digest.hexdigest()


class ImageSplit(RawSplit):
    """The images below a folder, by class folder."""

    def __init__(self, tree: ImageTree, classes: Sequence[str] | None) -> None:
        self._tree = tree
        self._files = _files(tree)
        levels = class_levels(tree, classes)
        names = tuple(dict.fromkeys(levels.values()))
        number = {name: code for code, name in enumerate(names)}
        codes = [number[levels[folder]] for folder, images in tree.images.items() for _ in images]
        self.labels = Labels(names, np.array(codes, np.int64), is_complete=True)

    def read(self, positions: NDArray[np.int64]) -> Iterator[RawImage]:
        """Yield the files, not opened yet."""
        for i in positions:
            yield RawImage(self._tree.root / self._files[i], self.where(i))

    def where(self, position: int) -> str:
        """Return the file's path."""
        return str(self._tree.root / self._files[position])

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return the first 64 bits of the files' digests."""
        return np.ascontiguousarray(digests_of(self._tree.root, self._files, tell)[:, :8]).view(np.uint64).ravel()

    def notes(self, name: str) -> tuple[str, ...]:
        """Say which files are no images."""
        others = self._tree.others
        if not others:
            return ()
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(3))
        return (f"files that are no images by their suffix were left out ({kinds})",)


def _files(tree: ImageTree) -> list[str]:
    return [f"{folder}/{image}" if folder else image for folder, images in tree.images.items() for image in images]
