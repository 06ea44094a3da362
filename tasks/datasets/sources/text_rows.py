"""Rows of CSV, TSV and JSONL files, read one at a time; what is wrong with one is said with its line."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from ....errors import DataError
from ....one_line import shown
from ....os_errors import because
from ..classes.class_names import nearest
from ..data_file import require_data_file

TextFormat: TypeAlias = Literal["csv", "tsv", "jsonl"]
Row: TypeAlias = tuple[int, Sequence[object]]
"""The number of the line that a row begins in, from 1, and its fields."""

LONGEST_LINE = 10_000_000
"""Bytes; a longer line is none of a text file."""
_OTHERS = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
"""What a file of another encoding begins with; that of UTF-32 begins with that of UTF-16."""


def columns_of(file: Path, form: TextFormat, *, header: bool) -> tuple[str, ...]:
    """Return the names of a file's columns, 0, 1, ... where it has no header; those of JSONL are of its first line.

    Raises:
        DataError: the file is missing, empty or damaged in its first line, or two columns have one name.
    """
    if form == "jsonl":
        line, text = next(_lines(file))
        return tuple(_json_object(file, line, text))
    line, fields = next(_split(file, form))
    if not header:
        return tuple(str(i) for i in range(len(fields)))
    if twice := [name for name in fields if fields.count(name) > 1]:
        raise DataError(f"line {line} of {file} names the column {shown(twice[0])} twice")
    return tuple(fields)


def rows_of(file: Path, form: TextFormat, columns: Sequence[str], *, header: bool) -> Iterator[Row]:
    """Yield the fields of some columns of every row, with the number of its line.

    Fields of JSONL are what JSON has, all others texts.

    Raises:
        DataError: a column is missing, or a line is empty, has another number of fields, or is no UTF-8; the message
            names the line.
    """
    known = columns_of(file, form, header=header)
    for column in columns:
        if column not in known:
            raise DataError(f"{file} has no column {shown(column)}; {nearest(column, known)}")
    if form == "jsonl":
        for line, text in _lines(file):
            found = _json_object(file, line, text)
            if missing := [column for column in columns if column not in found]:
                raise DataError(f"line {line} of {file} has no {shown(missing[0])}; {nearest(missing[0], list(found))}")
            yield line, [found[column] for column in columns]
        return
    places = [known.index(column) for column in columns]
    rows = _split(file, form)
    if header:
        next(rows)
    for line, fields in rows:
        if len(fields) != len(known):
            hint = "; is `header` right?" if len(fields) == 1 else ""
            raise DataError(f"line {line} of {file} has {len(fields)} fields, expected {len(known)}{hint}")
        yield line, [fields[place] for place in places]


def _split(file: Path, form: TextFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of every line; a row of CSV may be of several lines, in quotation marks."""
    lines = _lines(file)
    if form == "tsv":
        for line, text in lines:
            yield line, text.split("\t")
        return
    begins = 1

    def texts() -> Iterator[str]:
        for _, text in lines:
            yield text + "\n"

    reader = csv.reader(texts(), strict=True)
    try:
        for fields in reader:
            yield begins, fields
            begins = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"line {begins} of {file} is no CSV ({error}); are its quotation marks closed?") from error


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of every line, without its end."""
    require_data_file(file)
    line = 0
    try:
        with file.open("rb") as opened:
            while content := opened.readline(LONGEST_LINE + 1):
                line += 1
                if line == 1:
                    content = _without_mark(file, content)
                if len(content) > LONGEST_LINE:
                    raise DataError(f"line {line} of {file} has more than {LONGEST_LINE:,} bytes; is it a text file?")
                text = _decoded(file, line, content).rstrip("\n").removesuffix("\r")
                if line == 1 and "\r" in text and not content.endswith(b"\n"):
                    raise DataError(f"{file} ends its lines by carriage returns alone; save it with line feeds")
                if not text.strip():
                    raise DataError(f"line {line} of {file} is empty; delete it")
                yield line, text
    except OSError as error:
        raise DataError(f"{file} cannot be read {because(error)}") from error


def _without_mark(file: Path, content: bytes) -> bytes:
    for mark, encoding in _OTHERS.items():
        if content.startswith(mark):
            raise DataError(f"{file} is {encoding}, expected UTF-8; save it as UTF-8")
    return content.removeprefix(codecs.BOM_UTF8)


def _decoded(file: Path, line: int, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"line {line} of {file} is not UTF-8 (byte 0x{content[error.start]:02x}, perhaps Latin-1); save it as UTF-8"
        ) from error


def _json_object(file: Path, line: int, text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {line} of {file} is no JSON ({error}); JSONL has one object a line") from error
    if not isinstance(found, dict):
        raise DataError(f"line {line} of {file} is {shown(found, 60)}, expected an object of names and values")
    return found
