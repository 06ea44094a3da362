"""Arrays in .npy files: written a few rows at a time, and mapped, so that only what is used is read."""

from __future__ import annotations

import hashlib
import io
import math
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError
from ...cache_folder import using_cache

CACHE = "cache of examples"
"""What messages call the part of the cache that holds such files."""


@dataclass(frozen=True)
class WrittenFile:
    """What tells whether a file is still as it was written."""

    size: int
    """Bytes."""
    modified_ns: int
    """When it was last written to; a file with the same size and time is taken to be unchanged."""
    sha256: str
    """Of its content."""


class ArrayWriter:
    """Writes an array of a known number of rows, some at a time; the first rows decide type and shape.

    Rows go through ordinary writes: a full disk is an error, where a mapped file would end the process.

    Args:
        file: where to; it must not exist.
        n_rows: how many rows will come.
    """

    def __init__(self, file: Path, n_rows: int) -> None:
        self.file = file
        self._n_rows = n_rows
        self._written = 0
        self._row: tuple[np.dtype[Any], tuple[int, ...]] | None = None
        self._opened = file.open("xb")
        self._digest = hashlib.sha256()

    def append(self, rows: NDArray[np.generic]) -> None:
        """Write some rows (n, ...).

        Raises:
            ConfigError: they have another type or shape than the first, or are more than was announced.
            DataError: they cannot be written.
        """
        form = (rows.dtype, rows.shape[1:])
        if self._row is None:
            if rows.dtype.hasobject:
                raise ConfigError(f"stored inputs must be arrays of numbers, found {rows.dtype}")
            self._row = form
            self._put(_header(rows.dtype, (self._n_rows, *rows.shape[1:])))
        if form != self._row or self._written + len(rows) > self._n_rows:
            raise ConfigError(
                f"stored inputs must be {self._n_rows} rows of one form; found {rows.dtype} {rows.shape} after "
                f"{self._written} rows of {self._row[0]} {self._row[1]}"
            )
        self._put(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data)
        self._written += len(rows)

    def finish(self) -> WrittenFile:
        """Bring the file to the disk and return what it is known by.

        Raises:
            ConfigError: fewer rows came than were announced.
            DataError: it cannot be written.
        """
        if self._written != self._n_rows:
            raise ConfigError(f"expected {self._n_rows} rows of stored inputs, found {self._written}")
        with using_cache(CACHE, self.file.parent):
            self._opened.flush()
            os.fsync(self._opened.fileno())
            state = os.fstat(self._opened.fileno())
            self._opened.close()
        return WrittenFile(state.st_size, state.st_mtime_ns, self._digest.hexdigest())

    def close(self) -> None:
        """Close the file, whatever is in it."""
        self._opened.close()

    def _put(self, content: bytes | memoryview) -> None:
        with using_cache(CACHE, self.file.parent):
            self._opened.write(content)
        self._digest.update(content)


def map_array(file: Path) -> NDArray[Any]:
    """Return the array of a .npy file, mapped: pages are read when they are used, and shared by processes.

    The array may be written to, as tensors may; what is written stays in this process and never reaches the file.

    Raises:
        ValueError: the file is no such array, or ends too early.
        OSError: it cannot be read or mapped.
    """
    with file.open("rb") as opened:
        version = np.lib.format.read_magic(opened)
        if version != (1, 0):
            raise ValueError(f"expected version 1.0 of the format, found {version}")
        shape, _, dtype = np.lib.format.read_array_header_1_0(opened)
        offset, n = opened.tell(), math.prod(shape)
        if os.fstat(opened.fileno()).st_size != offset + n * dtype.itemsize:
            raise ValueError(f"expected {offset + n * dtype.itemsize} bytes for {dtype} {shape}")
        mapped = _private_mapping(opened.fileno())
    return np.frombuffer(mapped, dtype, count=n, offset=offset).reshape(shape)


def _private_mapping(descriptor: int) -> mmap.mmap:
    """Map a whole file for reading and private writing.

    NumPy's mode "c" would reserve memory for all of it, which the system refuses for files larger than memory.
    """
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    unreserved = getattr(mmap, "MAP_NORESERVE", 0x4000 if os.uname().sysname == "Linux" else 0)  # in Python from 3.13
    return mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE | unreserved, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the beginning of a .npy file."""
    written = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(written, described)
    return written.getvalue()
