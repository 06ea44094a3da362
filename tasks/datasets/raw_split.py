"""What a data set of any format offers: its splits by its own names, labels known, content read on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..suite_file.schema import Split

if TYPE_CHECKING:
    from PIL.Image import Image

Kind: TypeAlias = Literal["image", "text"]
Tell: TypeAlias = Callable[[int, int], None]
"""Told how many of how many steps are done."""


def no_tell(step: int, total: int) -> None:
    """Do nothing: the steps of work that nobody watches."""


@dataclass(frozen=True)
class RawImage:
    """An image that is not decoded yet."""

    content: bytes | Path | Image
    """The content of a file, the file, or what a library has decoded."""
    where: str
    """What messages call it."""


@dataclass(frozen=True)
class Labels:
    """The labels of a split as the data have them."""

    names: tuple[str, ...]
    """The different labels: names of classes, or numbers."""
    codes: NDArray[np.int64]
    """(n,) positions in `names`."""
    is_ordered: bool = False
    """Whether the data number the names in this order, as a column of class labels on the hub does."""
    is_complete: bool = False
    """Whether every class is among the names, also those without an example."""

    def __len__(self) -> int:
        return len(self.codes)


class RawSplit(ABC):
    """One split of a data set."""

    labels: Labels

    @abstractmethod
    def read(self, positions: NDArray[np.int64]) -> Iterator[RawImage | tuple[str, ...]]:
        """Yield the examples at ascending positions: images, or tuples of texts."""

    @abstractmethod
    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return a number an example (n,) that is the same where the content is: bytes, or texts but for case and
        spaces; may read all of them."""

    @abstractmethod
    def where(self, position: int) -> str:
        """Return what messages call the example at a position; may read the file up to there."""

    def notes(self, name: str) -> tuple[str, ...]:
        """Return what is odd about the split, one sentence each; `name` is what to call it."""
        return ()


class DataSource(ABC):
    """A data set."""

    kind: Kind
    name: str
    """What messages call it."""
    split_names: tuple[str, ...]
    """Splits by the data's own names."""

    @abstractmethod
    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return a split.

        Args:
            split: one of `split_names`.
            classes: names of the classes where they are known, for layouts that they alone can tell apart.

        Raises:
            DataError: its files are missing, damaged or of another form; the message says where.
        """

    def name_of(self, split: str) -> str:
        """Return what messages call the part of the data that holds a split, where a path is given for each."""
        return self.name

    @abstractmethod
    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return a digest of the content of the files, whatever folder they are in.

        Args:
            own: the splits that are used, by ours the data's name.
            tell: told how the reading goes.

        Raises:
            DataError: a file cannot be read.
        """


def content_number(digest: Any) -> int:
    """Return the number of a content, the first 64 bits of a hashlib digest of it."""
    return int.from_bytes(digest.digest()[:8], "little")
