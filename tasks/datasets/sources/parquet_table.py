"""Images or texts and labels of Parquet files, as the Hugging Face hub serves them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError, UnknownNameError
from ....one_line import shown
from ...suite_file.schema import DataSpec, Split
from ..classes.class_names import class_number
from ..classes.label_codes import LabelCodes
from ..data_file import files_by_split
from ..raw_split import DataSource, Labels, RawImage, RawSplit, Tell, content_number, no_tell
from .parquet_rows import class_names, image_column, rows_in, rows_of_parquet, schema_of
from .text_columns import label_column, text_columns
from .text_table import content_of, digest_by_split


class ParquetTables(DataSource):
    """Tables of examples, with embedded images or with texts.

    Args:
        base: where relative paths start.
        given: a file, folder or pattern, or one a split.
        spec: says which columns are which.
        name: what messages call the data; the path when None.
        only: look at these splits alone.
    """

    def __init__(
        self,
        base: Path,
        given: str | Mapping[str, str],
        spec: DataSpec,
        *,
        name: str | None = None,
        only: Sequence[str] | None = None,
    ) -> None:
        found = files_by_split(base, given, ".parquet")
        self._files = {split: files for split, files in found.items() if only is None or split in only}
        if not self._files:
            raise UnknownNameError(f"split of {name or given}:", (only or [""])[0], found)
        self._spec = spec
        self.split_names = tuple(self._files)
        self._names = {} if name or isinstance(given, str) else dict(given)
        self.name = name or (str(base / given) if isinstance(given, str) else " and ".join(given.values()))
        first = next(iter(self._files.values()))[0]
        self.kind = "text" if spec.text is not None or image_column(first, spec) is None else "image"

    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return the rows of a split; of images only the labels are read."""
        files = self._files[split]
        return ParquetImages(files, self._spec) if self.kind == "image" else ParquetTexts(files, self._spec)

    def name_of(self, split: str) -> str:
        """Return the path that is given for a split, or else for all."""
        return self._names.get(split, self.name)

    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return the digest of the files' content by split."""
        return digest_by_split({split: self._files[name] for split, name in own.items()}, tell)


class _ParquetRows(RawSplit):
    """Rows of several files, one after the other."""

    def __init__(self, files: Sequence[Path], spec: DataSpec) -> None:
        self._files = files
        label = label_column(schema_of(files[0]).names, spec, str(files[0]))
        codes = LabelCodes()
        for _, (value,), where in rows_of_parquet(files, [label], at_a_time=65_536):
            codes.add(value, where)
        names = class_names(files, label)
        self.labels = codes.labels() if names is None else _named(codes.labels(), names, f"{label!r} of {files[0]}")

    def where(self, position: int) -> str:
        """Return the row and the file."""
        for file in self._files:
            n = rows_in(file)
            if position < n:
                return f"row {position} of {file}"
            position -= n
        raise IndexError(position)


class ParquetTexts(_ParquetRows):
    """Texts, of which digests are held."""

    def __init__(self, files: Sequence[Path], spec: DataSpec) -> None:
        super().__init__(files, spec)
        self._texts = text_columns(schema_of(files[0]).names, spec, str(files[0])).texts
        self._n_empty = 0
        contents = []
        for texts in self.read(np.arange(len(self.labels))):
            self._n_empty += any(not text.strip() for text in texts)
            contents.append(content_of(texts))
        self._contents = np.array(contents, np.uint64)

    def read(self, positions: NDArray[np.int64]) -> Iterator[tuple[str, ...]]:
        """Yield texts."""
        for _, texts, where in rows_of_parquet(self._files, self._texts, positions, at_a_time=4096):
            for name, text in zip(self._texts, texts, strict=True):
                if not isinstance(text, str):
                    raise DataError(f"{where} has {shown(text, 60)} as {shown(name)}, expected a text")
            yield tuple(texts)

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return numbers of the texts without regard to case and spaces."""
        return self._contents

    def notes(self, name: str) -> tuple[str, ...]:
        """Say how many texts are empty."""
        return (f"{self._n_empty} examples of {name} have an empty text",) if self._n_empty else ()


class ParquetImages(_ParquetRows):
    """Embedded images, which are read when they are needed."""

    def __init__(self, files: Sequence[Path], spec: DataSpec) -> None:
        super().__init__(files, spec)
        self._image = image_column(files[0], spec) or ""

    def read(self, positions: NDArray[np.int64]) -> Iterator[RawImage]:
        """Yield the content of image files."""
        for _, (value,), where in rows_of_parquet(self._files, [self._image], positions, at_a_time=32):
            content = value.get("bytes") if isinstance(value, dict) else value
            if not isinstance(content, bytes) or not content:
                path = value.get("path") if isinstance(value, dict) else None
                only = f", only the path {shown(path, 60)}" if path else ""
                raise DataError(f"{where} has no image in {self._image!r}{only}; embed the images' bytes")
            yield RawImage(content, where)

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return numbers of the images' bytes, all of which are read."""
        n = len(self.labels)
        contents = np.empty(n, np.uint64)
        for i, image in enumerate(self.read(np.arange(n))):
            assert isinstance(image.content, bytes)
            contents[i] = content_number(hashlib.blake2b(image.content, digest_size=8))
            if (i + 1) % 1000 == 0:
                tell(i + 1, n)
        return contents


def _named(found: Labels, names: Sequence[str], where: str) -> Labels:
    """Return labels that are numbers by the names that the file gives to them."""
    numbers = [class_number(name) for name in found.names]
    if odd := [n for n, number in zip(found.names, numbers, strict=True) if number is None or number >= len(names)]:
        raise DataError(
            f"the column {where} holds {shown(odd[0])}, where the file names {len(names)} classes; expected numbers "
            f"from 0 to {len(names) - 1}"
        )
    numbered = np.array([number or 0 for number in numbers], np.int64)
    return Labels(tuple(names), numbered[found.codes], is_ordered=True, is_complete=True)
