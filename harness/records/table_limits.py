"""Read Parquet files that others wrote: rows and columns are counted in the footer before any value is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ...regular_file import check_regular

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_BYTES = 400 * 10**6
"""The most bytes of a file: `MAX_VALUES` numbers that do not compress."""
MAX_UNPACKED_BYTES = 10**9
"""The most bytes that the pages of a file may unpack to, according to its footer."""
MAX_COLUMNS = 3_100
"""The most columns: three for each of a thousand tasks, and a few."""
MAX_VALUES = 50 * 10**6
"""The most rows times columns: merge coefficients of eight tasks, 2,000 preferences and 1,300 parts of a model."""
MAX_TRUE_POINTS = 100_000
"""The most points of a true front, from which distances are measured to every point of every other."""
MAX_TEXT_BYTES = 50 * 10**6
"""The most bytes of text in one column; a small file can repeat a long text in every row."""
MAX_METADATA_BYTES = 8 * 10**6
"""The most bytes of one text in the footer; version 0.1.0 kept true fronts there."""


def read_table(
    source: Path | BinaryIO, what: str, *, texts: tuple[str, ...] = (), max_rows: int = MAX_VALUES
) -> pa.Table:
    """Read a Parquet file whose footer promises a table of numbers and texts within the limits above.

    Args:
        source: the file, or its content.
        what: the beginning of messages, such as the file's name.
        texts: the columns of texts. They are read as dictionaries: equal texts are kept once, however many they are.
        max_rows: the most rows.

    Raises:
        ValueError: the file exceeds a limit, or has a column of another type. Arrow raises its own errors, most of
            them ValueErrors and OSErrors, where it is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(source, Path):
        check_regular(source)
    size = source.stat().st_size if isinstance(source, Path) else source.seek(0, 2)
    if size > MAX_BYTES:
        raise ValueError(f"{what} may have {MAX_BYTES:,} bytes at most, found {size:,}")
    with pq.ParquetFile(  # read_table of Arrow imports pandas, which takes a second
        source,
        read_dictionary=list(texts),
        thrift_string_size_limit=MAX_METADATA_BYTES,
        thrift_container_size_limit=100_000,
    ) as parquet:
        _check_footer(parquet.metadata, what, max_rows)
        for field in parquet.schema_arrow:
            kind = field.type
            known = pa.types.is_dictionary(kind) if field.name in texts else pa.types.is_primitive(kind)
            if not (known or pa.types.is_null(kind)):
                raise ValueError(f"{what} has a column {field.name[:100]!r} of type {kind}, numbers are expected")
        table = parquet.read(use_threads=False)
    for name in set(texts) & set(table.column_names):
        _check_text_bytes(table[name], f"the column {name!r} of {what}")
    return table


def _check_footer(footer: pq.FileMetaData, what: str, max_rows: int) -> None:
    rows, columns = footer.num_rows, footer.num_columns
    if rows > max_rows:
        raise ValueError(f"{what} may have {max_rows:,} rows at most, found {rows:,}")
    if columns > MAX_COLUMNS or rows * columns > MAX_VALUES:
        raise ValueError(
            f"{what} may have {MAX_COLUMNS:,} columns and {MAX_VALUES:,} values at most, found {columns:,} columns "
            f"of {rows:,} rows"
        )
    unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(f"{what} may unpack to {MAX_UNPACKED_BYTES:,} bytes at most, found {unpacked:,}")


def _check_text_bytes(column: pa.ChunkedArray, what: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    text_bytes = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            text_bytes += pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
    if text_bytes > MAX_TEXT_BYTES:
        raise ValueError(f"{what} may hold {MAX_TEXT_BYTES:,} bytes of text at most, found {text_bytes:,}")
