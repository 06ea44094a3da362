"""Texts and labels of CSV, TSV and JSONL files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from ....one_line import shown
from ...suite_file.schema import DataSpec, Split
from ..classes.label_codes import LabelCodes
from ..data_file import files_by_split
from ..raw_split import DataSource, RawSplit, Tell, content_number, no_tell
from .file_digests import digests_of
from .text_columns import TextColumns, text_columns
from .text_rows import TextFormat, columns_of, rows_of


class TextTables(DataSource):
    """Texts in files of lines.

    Args:
        base: where relative paths start.
        given: a file, folder or pattern, or one a split.
        form: the format of the files.
        spec: says which columns are which.
    """

    kind = "text"

    def __init__(self, base: Path, given: str | Mapping[str, str], form: TextFormat, spec: DataSpec) -> None:
        self._files = files_by_split(base, given, f".{form}")
        self._form: TextFormat = form
        self._spec = spec
        self.split_names = tuple(self._files)
        self._names = {} if isinstance(given, str) else dict(given)
        self.name = str(base / given) if isinstance(given, str) else " and ".join(given.values())

    def open(self, split: str, classes: Sequence[str] | None) -> RawSplit:
        """Return the rows of a split; all of its files are read, to see that every line is as it should be."""
        return TextSplit(self._files[split], self._form, self._spec)

    def name_of(self, split: str) -> str:
        """Return the path that is given for a split, or else for all."""
        return self._names.get(split, self.name)

    def digest(self, own: Mapping[Split, str], tell: Tell = no_tell) -> str:
        """Return the digest of the files' content by split."""
        return digest_by_split({split: self._files[name] for split, name in own.items()}, tell)


class TextSplit(RawSplit):
    """The rows of one split, of which labels and digests are held and texts are read again when they are needed."""

    def __init__(self, files: Sequence[Path], form: TextFormat, spec: DataSpec) -> None:
        self._files, self._form, self._header = files, form, spec.header
        self._columns = text_columns(columns_of(files[0], form, header=spec.header), spec, str(files[0]))
        codes = LabelCodes()
        contents = []
        self._n_empty = 0
        for _, texts, label, where in self._rows(self._columns):
            codes.add(label, where)
            self._n_empty += any(not text.strip() for text in texts)
            try:
                contents.append(content_of(texts))
            except UnicodeEncodeError as error:
                raise DataError(
                    f"{where} has half of a character, {error.object[error.start]!a}; mend its text"
                ) from error
        self.labels = codes.labels()
        self._contents = np.array(contents, np.uint64)

    def read(self, positions: NDArray[np.int64]) -> Iterator[tuple[str, ...]]:
        """Yield texts, reading the files once more."""
        wanted = iter(positions.tolist())
        position = next(wanted, None)
        for i, texts, _, _ in self._rows(self._columns):
            if i == position:
                yield texts
                position = next(wanted, None)
            if position is None:
                return

    def where(self, position: int) -> str:
        """Return the line and the file."""
        return next(where for i, _, _, where in self._rows(self._columns) if i == position)

    def contents(self, tell: Tell = no_tell) -> NDArray[np.uint64]:
        """Return numbers of the texts without regard to case and spaces."""
        return self._contents

    def notes(self, name: str) -> tuple[str, ...]:
        """Say how many texts are empty."""
        return (f"{self._n_empty} examples of {name} have an empty text",) if self._n_empty else ()

    def _rows(self, columns: TextColumns) -> Iterator[tuple[int, tuple[str, ...], object, str]]:
        """Yield position, texts, label and place of every row."""
        position = 0
        for file in self._files:
            for line, fields in rows_of(file, self._form, [*columns.texts, columns.label], header=self._header):
                *texts, label = fields
                where = f"line {line} of {file}"
                for name, text in zip(columns.texts, texts, strict=True):
                    if not isinstance(text, str):
                        raise DataError(f"{where} has {shown(text, 60)} as {shown(name)}, expected a text")
                yield position, tuple(str(text) for text in texts), label, where
                position += 1


def content_of(texts: Sequence[str]) -> int:
    """Return a number that is the same for the same texts, but for case and spaces."""
    plain = "\0".join(" ".join(text.casefold().split()) for text in texts)
    return content_number(hashlib.blake2b(plain.encode(), digest_size=8))


def digest_by_split(files: Mapping[Split, Sequence[Path]], tell: Tell = no_tell) -> str:
    """Return the digest of the content of files by split, whatever they are called."""
    digest = hashlib.sha256()
    root = Path(os.path.commonpath([part.absolute().parent for parts in files.values() for part in parts]))
    for split, parts in sorted(files.items()):
        digest.update(f"{split}|{len(parts)}|".encode())
        digest.update(digests_of(root, [str(part.absolute().relative_to(root)) for part in parts], tell).tobytes())
    return digest.hexdigest()
