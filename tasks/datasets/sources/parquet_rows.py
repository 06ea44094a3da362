"""Rows of Parquet files, a few at a time, and what their schema says of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from ....one_line import as_one_line, shown
from ...suite_file.schema import DataSpec
from ..classes.class_names import nearest
from ..data_file import require_data_file

READ_BYTES = 1_000_000
"""What is read of a column at a time; without a limit Arrow takes all that a group of rows has, perhaps gigabytes."""


def schema_of(file: Path) -> Any:
    """Return the Arrow schema of a file.

    Raises:
        DataError: the file is missing or damaged.
    """
    with _opened(file) as table:
        return table.schema_arrow


def rows_in(file: Path) -> int:
    """Return how many rows a file has."""
    with _opened(file) as table:
        return int(table.metadata.num_rows)


def rows_of_parquet(
    files: Sequence[Path], columns: Sequence[str], positions: NDArray[np.int64] | None = None, *, at_a_time: int
) -> Iterator[tuple[int, list[Any], str]]:
    """Yield position, values and place of rows: of all, or of those at ascending positions.

    Args:
        files: the parts of one table.
        columns: whose values.
        positions: over all files; groups of rows that hold none are not read.
        at_a_time: rows that are held in memory.

    Raises:
        DataError: a file is damaged, or has no such column.
    """
    start = 0
    for file in files:
        with _opened(file) as table:
            for name in columns:
                if name not in table.schema_arrow.names:
                    raise DataError(f"{file} has no column {shown(name)}; {nearest(name, table.schema_arrow.names)}")
            first = start
            for group in range(table.num_row_groups):
                n = table.metadata.row_group(group).num_rows
                if positions is None or np.searchsorted(positions, start) < np.searchsorted(positions, start + n):
                    end = start
                    for begin, batch in _batches(table, group, columns, at_a_time, start):
                        end = begin + batch.num_rows
                        for i in _within(positions, begin, end):
                            where = f"row {i - first} of {file}"
                            yield i, [_value(batch.column(name)[i - begin], where) for name in columns], where
                    if end != start + n:
                        raise DataError(f"{file} holds {end - start} rows where it says {n}; get it again")
                start += n


def image_column(file: Path, spec: DataSpec) -> str | None:
    """Return the column of images, None where there is none.

    Raises:
        DataError: the column that was named is missing or of another type, or several are of images.
    """
    import pyarrow as pa

    def holds_images(type_: Any) -> bool:
        if pa.types.is_struct(type_):
            return any(type_.field(i).name == "bytes" for i in range(type_.num_fields))
        return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_))

    schema = schema_of(file)
    found = [name for name in schema.names if holds_images(schema.field(name).type)]
    if spec.image is not None:
        if spec.image not in schema.names:
            raise DataError(f"{file} has no column {shown(spec.image)}; {nearest(spec.image, schema.names)}")
        if spec.image not in found:
            raise DataError(
                f"the column {spec.image!r} of {file} is of {schema.field(spec.image).type}, expected images"
            )
        return spec.image
    if len(found) > 1:
        raise DataError(f"{file} has several columns of images, {', '.join(found)}; say which by `image`")
    return found[0] if found else None


def class_names(files: Sequence[Path], column: str) -> tuple[str, ...] | None:
    """Return the names of the classes that the files' metadata give to the numbers of a column, None where none do.

    Raises:
        DataError: two files of a split name them differently.
    """
    named = {file: _names_in(schema_of(file).metadata or {}, column) for file in files}
    first = named[files[0]]
    for file, names in named.items():
        if names != first:
            raise DataError(f"{file} and {files[0]} name the classes differently; are they of one version?")
    return first


def _names_in(metadata: dict[bytes, bytes], column: str) -> tuple[str, ...] | None:
    try:
        feature = json.loads(metadata[b"huggingface"])["info"]["features"][column]
        names = feature["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return tuple(str(name) for name in names) if isinstance(names, list) and names else None


def _batches(table: Any, group: int, columns: Sequence[str], at_a_time: int, start: int) -> Iterator[tuple[int, Any]]:
    """Yield the rows of a group that begins at `start`, some at a time, with the position of the first."""
    for batch in table.iter_batches(batch_size=at_a_time, row_groups=[group], columns=list(columns)):
        yield start, batch
        start += batch.num_rows


def _within(positions: NDArray[np.int64] | None, begin: int, end: int) -> Sequence[int]:
    """Return those positions that are from `begin` to before `end`."""
    if positions is None:
        return range(begin, end)
    found: list[int] = positions[np.searchsorted(positions, begin) : np.searchsorted(positions, end)].tolist()
    return found


def _value(scalar: Any, where: str) -> Any:
    """Return what a cell of a table holds."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError) as error:  # a text that is no UTF-8, a time that Python has not
        raise DataError(f"{where} cannot be read ({as_one_line(str(error), 100)})") from error


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Open a file; whatever Arrow finds wrong with it, also later, is said of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_data_file(file)
    try:
        with pq.ParquetFile(file, buffer_size=READ_BYTES, pre_buffer=False) as table:
            yield table
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as Parquet ({as_one_line(str(error), 200)}); get it again") from error
    finally:
        pa.default_memory_pool().release_unused()  # Arrow would keep what it needed at most
