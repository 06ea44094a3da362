"""Data sets of torchvision, read from files that are already there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError, DataError, UnknownNameError
from ....one_line import as_one_line
from ...suite_file.schema import Split
from ..data_file import given_path
from ..raw_split import DataSource, Labels, RawImage, RawSplit, Tell, content_number, no_tell
from .file_digests import digests_of
from .torchvision_files import ARCHIVES, TORCHVISION, TorchvisionFiles


class TorchvisionData(DataSource):
    """A data set of torchvision, which is never downloaded.

    Args:
        name: the name of torchvision's class.
        base: where a relative root starts.
        root: the folder that torchvision calls root.
    """

    kind = "image"

    def __init__(self, name: str, base: Path, root: str | None) -> None:
        if name not in TORCHVISION:
            raise UnknownNameError("data set of torchvision", name, TORCHVISION)
        if root is None:
            raise ConfigError(f"data of torchvision need `root`, the folder that holds {TORCHVISION[name].folder}")
        self._files: TorchvisionFiles = TORCHVISION[name]
        self._class = name
        self._root = given_path(base, root)
        self.name = f"torchvision's {name} in {self._root}"
        self.split_names = tuple(self._files.splits)

    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return a split, as torchvision reads it."""
        from torchvision import datasets

        kind = getattr(datasets, self._class)
        chosen = {**self._files.options, **self._files.splits[split]}
        try:
            dataset = kind(str(self._root), **chosen)
        except MemoryError:
            raise
        except Exception as error:  # torchvision asserts and indexes where a file is damaged
            raise DataError(self._advice(kind, split, chosen, error)) from error
        return TorchvisionSplit(dataset, self._root, by_number=self._files.numbers)

    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return the digest of all files that are unpacked, those of other splits too."""
        found = [path for path in sorted(self._root.glob(self._files.folder)) if path.suffix not in ARCHIVES]
        names = [name for path in found for name in _files_below(path, self._root)]
        if not names:
            split = self.split_names[0]
            self.open(split, None)
            raise DataError(f"{self.name} has no files in {self._files.folder}")
        digest = hashlib.sha256(b"\0".join(os.fsencode(name) for name in names))
        digest.update(digests_of(self._root, names, tell).tobytes())
        return digest.hexdigest()

    def _advice(self, kind: Any, split: str, chosen: dict[str, Any], error: Exception) -> str:
        """Say what is missing, where it was looked for and how to get it."""
        expected = _expected_files(kind, split)
        place = self._root / self._files.folder
        missing = [name for name in expected if not any(self._root.rglob(name))]
        packed = [f"{name}.gz" for name in missing if (place / f"{name}.gz").is_file()]
        if packed:
            return f"{self.name} is not unpacked: {place} holds {', '.join(packed)}; run `gunzip -k {place}/*.gz`"
        arguments = ", ".join([repr(str(self._root)), *(f"{name}={value!r}" for name, value in chosen.items())])
        call = f"{self._class}({arguments}, download=True)"
        fetch = f'`python -c "from torchvision.datasets import {self._class}; {call}"`'
        advice = self._files.advice or f"get it by {fetch}"
        if missing:
            return f"{self.name} lacks {', '.join(missing)}, looked for in {place}; {advice}"
        if not place.exists() and not any(self._root.glob(self._files.folder)):
            return f"{self.name} is not there: looked for {place}; {advice}"
        return f"{self.name} cannot be read from {place} ({as_one_line(str(error), 200)}); {advice}"


class TorchvisionSplit(RawSplit):
    """A split as torchvision reads it; files are taken in order of their names where there are files."""

    def __init__(self, dataset: Any, root: Path, *, by_number: bool) -> None:
        self._dataset, self._root = dataset, root
        paths, labels = _paths_and_labels(dataset)
        self._paths = paths
        self._order = np.arange(len(labels)) if paths is None else np.argsort(np.array(paths), kind="stable")
        if by_number and paths is not None:  # torchvision numbers folders by their place, this by their names
            folders = [Path(path).parent.name for path in paths]
            if all(folder.isdigit() for folder in folders):
                labels = np.array([int(folder) for folder in folders], np.int64)
        self.labels = _labels(dataset, labels[self._order], by_number=by_number)

    def read(self, positions: NDArray[np.int64]) -> Iterator[RawImage]:
        """Yield files that are not opened yet, or what torchvision has decoded."""
        for position in positions:
            i = int(self._order[position])
            content = self._dataset[i][0] if self._paths is None else Path(self._paths[i])
            yield RawImage(content, self.where(position))

    def where(self, position: int) -> str:
        """Return the file's path, or the number of the example."""
        i = int(self._order[position])
        return (
            f"example {i} of {type(self._dataset).__name__} in {self._root}" if self._paths is None else self._paths[i]
        )

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return numbers of the files' bytes, or of the pixels."""
        n = len(self.labels)
        if self._paths is not None:
            names = [os.path.relpath(self._paths[i], self._root) for i in self._order]
            return np.ascontiguousarray(digests_of(self._root, names, tell)[:, :8]).view(np.uint64).ravel()
        contents = np.empty(n, np.uint64)
        for i in range(n):
            contents[i] = content_number(hashlib.blake2b(self._dataset[i][0].tobytes(), digest_size=8))
            if (i + 1) % 5000 == 0:
                tell(i + 1, n)
        return contents


def _paths_and_labels(dataset: Any) -> tuple[list[str] | None, NDArray[np.int64]]:
    """Return the files of a data set, None where it holds pixels, and its labels, without decoding anything."""
    for files in ("_image_files", "_images"):
        if hasattr(dataset, files):
            return [str(path) for path in getattr(dataset, files)], np.array(dataset._labels, np.int64)
    for name in ("_samples", "samples"):
        pairs = getattr(dataset, name, None)
        if pairs:
            numbers = np.array([label for _, label in pairs], np.int64)
            return ([str(path) for path, _ in pairs] if isinstance(pairs[0][0], str | os.PathLike) else None), numbers
    for name in ("targets", "labels"):
        if hasattr(dataset, name):
            return None, np.asarray(getattr(dataset, name)).astype(np.int64)
    return None, np.array([dataset[i][1] for i in range(len(dataset))], np.int64)


def _labels(dataset: Any, numbers: NDArray[np.int64], *, by_number: bool) -> Labels:
    """Return the labels by torchvision's names of the classes, or by number."""
    names = None if by_number else getattr(dataset, "classes", None)
    if names is None:
        distinct, codes = np.unique(numbers, return_inverse=True)
        return Labels(tuple(str(number) for number in distinct), codes.astype(np.int64))
    plain = tuple(name if isinstance(name, str) else str(name[0]) for name in names)
    return Labels(plain, numbers, is_ordered=True, is_complete=True)


def _expected_files(kind: Any, split: str) -> list[str]:
    """Return the names of the files that torchvision's class says it needs."""
    if resources := getattr(kind, "resources", None):
        return [os.path.basename(url).removesuffix(".gz") for url, _ in resources]
    if hasattr(kind, "train_list") and hasattr(kind, "test_list"):
        return [entry[0] for entry in (kind.test_list if split == "test" else kind.train_list)]
    if isinstance(listed := getattr(kind, "split_list", None), dict) and split in listed:
        return [listed[split][1]]
    return []


def _files_below(path: Path, root: Path) -> list[str]:
    """Return the files in a folder and those below it, hidden ones and archives left out, relative to the root."""
    if path.is_file():
        return [str(path.relative_to(root))]
    found = []
    for folder, _, names in os.walk(path, followlinks=True):
        visible = [name for name in names if not name.startswith(".") and not name.endswith(ARCHIVES)]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in visible]
    return sorted(found)
