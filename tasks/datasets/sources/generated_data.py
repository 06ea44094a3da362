"""Random inputs in place of data, to measure memory and speed without files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError, UnknownNameError
from ...suite_file.schema import Split
from ..raw_split import DataSource, Kind, Labels, RawImage, RawSplit, Tell, no_tell

PIXELS = 64
"""A side of a random image, before it is brought to the model's size."""
WORDS = 48
"""Of a random text."""
_KEYS = ("train", "val", "test", "classes")


class GeneratedData(DataSource):
    """Random images or texts with labels in turn, so that every class has as many as any other.

    Args:
        sizes: examples a split, and `classes`.
        kind: what to generate.
        n_classes: of the head, where `sizes` does not say.
        n_texts: texts of an example.
        seed: decides the content.
    """

    name = "the generated data"

    def __init__(self, sizes: Mapping[str, int], kind: Kind, *, n_classes: int | None, n_texts: int, seed: int) -> None:
        for key, size in sizes.items():
            if key not in _KEYS:
                raise UnknownNameError("key of `generated`:", key, _KEYS)
            if size < 1:
                raise ConfigError(f"`generated` has {key}: {size}, expected one or more")
        self._n_classes = sizes.get("classes", 0) or n_classes or 0
        if self._n_classes < 2:
            raise ConfigError("`generated` needs `classes`, two or more, since nothing else says how many there are")
        if "train" not in sizes:
            raise ConfigError("`generated` needs `train`, how many examples to train on")
        self.kind = kind
        self._sizes = {key: size for key, size in sizes.items() if key != "classes"}
        self._n_texts, self._seed = n_texts, seed
        self.split_names = tuple(self._sizes)

    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return a split."""
        number = _KEYS.index(split)
        return _GeneratedSplit(self.kind, self._sizes[split], self._n_classes, self._n_texts, (self._seed, number))

    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return the digest of what is generated."""
        what = [self.kind, self._sizes, self._n_classes, self._n_texts, self._seed]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


class _GeneratedSplit(RawSplit):
    def __init__(self, kind: Kind, n: int, n_classes: int, n_texts: int, seed: tuple[int, int]) -> None:
        self._kind, self._n_texts, self._seed = kind, n_texts, seed
        names = tuple(str(k) for k in range(n_classes))
        self.labels = Labels(names, np.arange(n, dtype=np.int64) % n_classes, is_complete=True)

    def read(self, positions: NDArray[np.int64]) -> Iterator[RawImage | tuple[str, ...]]:
        """Yield noise: grey levels, or words of random letters."""
        from PIL import Image

        for i in positions:
            rng = np.random.default_rng((*self._seed, int(i)))
            if self._kind == "image":
                image = Image.frombytes("RGB", (PIXELS, PIXELS), rng.bytes(3 * PIXELS * PIXELS))
                yield RawImage(image, self.where(i))
            else:
                yield tuple(_text(rng) for _ in range(self._n_texts))

    def where(self, position: int) -> str:
        """Return which of the generated examples it is."""
        return f"generated {self._kind} {position}"

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return a number an example: no two are alike."""
        return np.arange(len(self.labels), dtype=np.uint64) * np.uint64(4) + np.uint64(self._seed[1])

    def notes(self, name: str) -> tuple[str, ...]:
        """Say that these are no data."""
        return ("inputs are generated at random: errors and losses on them mean nothing",)


def _text(rng: np.random.Generator) -> str:
    letters = rng.integers(97, 123, size=(WORDS, 5)).astype(np.uint8)
    return " ".join(bytes(word).decode() for word in letters)
