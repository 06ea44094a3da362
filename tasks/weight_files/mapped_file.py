"""Tensors of safetensors files as views of memory-mapped files, which use no memory of the process's own.

The mapping is private: whoever writes into a tensor all the same gets copies of the pages that it touches, and the
file stays as it is.
"""

from __future__ import annotations

import json
import mmap
import struct
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import DataError
from ...os_errors import because, of_the_system
from ...regular_file import check_regular
from .file_identity import FileIdentity
from .written_pages import PAGE, has_written_pages

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""What safetensors calls torch's types."""


class FileMapping(mmap.mmap):
    """A private mapping of a whole file, which lives as long as any tensor that views it."""

    file: Path
    """Where the file was found; another may be there by now."""
    opened: BufferedReader
    """The file itself."""
    identity: FileIdentity
    """The file's when it was mapped."""
    address: int
    """Where the mapping begins in memory."""


_MAPPINGS: weakref.WeakValueDictionary[int, FileMapping] = weakref.WeakValueDictionary()
"""The mappings of this process by address, by which those of a tensor are found, however it was renamed or viewed."""


@dataclass(frozen=True)
class MappedFile:
    """What a safetensors file holds."""

    tensors: Mapping[str, Tensor]
    """By name, in the file's order."""
    metadata: Mapping[str, str]
    """Texts that the file carries beside them."""


@dataclass(frozen=True)
class MappedRange:
    """The part of a mapped file that a tensor views."""

    mapping: FileMapping
    start: int
    """Bytes from the beginning of the file."""
    n_bytes: int

    @property
    def is_written(self) -> bool | None:
        """Whether this process wrote to its pages, or to bytes beside it on them; None where that cannot be told."""
        return has_written_pages(self.mapping.address + self.start, self.n_bytes)


def map_safetensors(file: Path) -> MappedFile:
    """Map a safetensors file into memory; nothing but its header is read.

    Tensors need no gradients. Each may be saved or copied alone. Those that the file does not align are copies.

    Raises:
        DataError: it cannot be read, is damaged, or holds a type that torch does not have.
    """
    try:
        check_regular(file)
        with safe_open(file, framework="pt") as checked:  # refuses headers that lie about what follows
            metadata = checked.metadata() or {}
        mapping = _mapped(file)
    except (OSError, SafetensorError) as error:
        if of_the_system(error):
            raise DataError(f"{file} cannot be read {because(error)}") from error
        raise DataError(f"{file} is no complete safetensors file ({error}); copy or download it again") from error
    length = struct.unpack("<Q", mapping[:8])[0]
    header: dict[str, Any] = json.loads(mapping[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if entry["dtype"] not in TYPES:
            raise DataError(f"{file} holds {name} as {entry['dtype']}, a type that is not read; convert it to F32")
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = _view(mapping, start, end, TYPES[entry["dtype"]]).view(entry["shape"])
    return MappedFile({name: tensors[name] for name in header}, metadata)


def range_of(tensor: Tensor) -> MappedRange | None:
    """Return the part of a mapped file that a tensor views; None for ordinary tensors."""
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided or tensor.numel() == 0:
        return None
    address = tensor.data_ptr()
    for begin, mapping in list(_MAPPINGS.items()):
        if begin <= address < begin + len(mapping):
            steps = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
            return MappedRange(mapping, address - begin, (steps + 1) * tensor.itemsize)
    return None


def release(tensors: Iterable[Tensor]) -> None:
    """Give back the memory of mapped tensors that were read and will not be soon; they are read again where needed.

    What was written into a tensor stays: its memory is not given back. Ordinary tensors are left alone.
    """
    for found in map(range_of, tensors):
        if found is not None and found.is_written is False:
            _give_back(found)


def _mapped(file: Path) -> FileMapping:
    opened = file.open("rb")
    mapping = FileMapping(opened.fileno(), 0, access=mmap.ACCESS_COPY)
    mapping.file, mapping.opened, mapping.identity = file, opened, FileIdentity.of(opened)
    weakref.finalize(mapping, opened.close)
    mapping.address = torch.frombuffer(mapping, dtype=torch.uint8).data_ptr()
    _MAPPINGS[mapping.address] = mapping
    return mapping


def _view(mapping: FileMapping, start: int, end: int, dtype: torch.dtype) -> Tensor:
    """Return the bytes of a file from start to end as a flat tensor."""
    if start == end:
        return torch.empty(0, dtype=dtype)
    if start % dtype.itemsize:
        return torch.frombuffer(bytearray(mapping[start:end]), dtype=dtype)
    return torch.frombuffer(mapping, dtype=dtype, count=(end - start) // dtype.itemsize, offset=start)


def _give_back(part: MappedRange) -> None:
    """Let the system drop the pages of a range; where it takes no such advice, nothing happens."""
    option = getattr(mmap, "MADV_DONTNEED", None)
    if option is not None:
        begin = part.start // PAGE * PAGE
        part.mapping.madvise(option, begin, part.start + part.n_bytes - begin)
