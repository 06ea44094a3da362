"""Files that stand where weights should be and are none that can be read, each with what to do about it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ...errors import DataError
from ...os_errors import because, of_the_machine
from ...regular_file import check_regular

LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How files of torch.save before 1.6 begin."""
LFS = b"version https://git-lfs"
"""How a pointer of Git LFS begins, which stands where a large file was not fetched."""
LARGEST_PICKLE = 64_000_000
"""Bytes of the pickle in an archive of torch.save, weights not counted; those of large models have some 100 kB."""
_BEGINNINGS = (
    (b"GGUF", "is a GGUF file, whose weights are quantised; give the safetensors that it was made from"),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, as Keras and TensorFlow write; give the PyTorch weights"),
    (b"\x93NUMPY", "is a NumPy array without names; save the weights as safetensors"),
    (b"\x1f\x8b", "is compressed by gzip; unpack it first"),
    (b"BZh", "is compressed by bzip2; unpack it first"),
    (b"\xfd7zXZ\x00", "is compressed by xz; unpack it first"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (b"%PDF", "is a PDF file, no weights; give the weights"),
)
_SUFFIXES = {
    ".onnx": "is an ONNX model, whose weights have lost their names; give the PyTorch weights",
    ".msgpack": "holds weights of Flax; give the PyTorch weights, or convert it with transformers (from_flax=True)",
    ".h5": "holds weights of TensorFlow; give the PyTorch weights, or convert it with transformers (from_tf=True)",
    ".pb": "is a TensorFlow model; give the PyTorch weights",
    ".tflite": "is a TensorFlow Lite model; give the PyTorch weights",
    ".gguf": "is no GGUF file either; give the safetensors of the model",
}
OTHER_SUFFIXES = frozenset(_SUFFIXES)
"""Suffixes of weights that are not read."""


def require_weights_file(file: Path, source: str) -> bytes:
    """Return the first bytes of a file that may hold weights, as safetensors or as torch.save writes them.

    Args:
        file: the file.
        source: what messages call it.

    Raises:
        DataError: it cannot be read, or is of another kind; the message says which and what to do.
    """
    try:
        check_regular(file)
        with file.open("rb") as opened:
            beginning = opened.read(1024)
    except OSError as error:
        raise DataError(f"{source} cannot be read {because(error)}") from error
    if fault := _fault(file, beginning):
        raise DataError(f"{source} {fault}")
    return beginning


def is_torch_archive(beginning: bytes) -> bool:
    """Return whether a file begins like the zip archives that torch.save has written since 1.6."""
    return beginning.startswith(b"PK\x03\x04")


def is_safetensors(beginning: bytes) -> bool:
    """Return whether a file begins like safetensors: a length of at most 100 MB, then a JSON object."""
    return len(beginning) > 8 and beginning[8:9] == b"{" and int.from_bytes(beginning[:8], "little") <= 100_000_000


def require_torch_archive(file: Path, source: str) -> None:
    """Refuse zip archives that torch.save did not write, or not completely.

    Raises:
        DataError: it is TorchScript, truncated, or another archive.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if of_the_machine(error):
            raise DataError(f"{source} cannot be read {because(error)}") from error
        raise DataError(f"{source} is truncated: its end is missing; copy or download it again") from error
    names = [member.filename.rpartition("/")[2] for member in members]
    if "constants.pkl" in names:
        raise DataError(
            f"{source} is TorchScript, which only running its code could read; save its state_dict() with torch.save "
            "where you trust it, or, for OpenAI's own CLIP files, take the same weights from the hub, such as "
            "timm/vit_base_patch32_clip_224.openai or timm/vit_large_patch14_clip_224.openai"
        )
    if "data.pkl" not in names:
        kind = "NumPy arrays" if any(name.endswith(".npy") for name in names) else "other files"
        raise DataError(f"{source} is a zip archive of {kind}, not of torch.save; unpack it, or give its weights")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise DataError(
            f"{source} was packed again with compression, which torch.save never uses; save it by torch.save"
        )
    if any(name == "data.pkl" and m.file_size > LARGEST_PICKLE for name, m in zip(names, members, strict=True)):
        raise DataError(
            f"{source} holds more than {LARGEST_PICKLE:,} bytes beside its weights; save the model's state_dict() alone"
        )


def _fault(file: Path, beginning: bytes) -> str | None:
    """Return what a message says of a file that holds no weights by its first bytes and name."""
    if not beginning:
        return "is empty; copy or download it again"
    if beginning.startswith(LFS):
        return "is a Git LFS pointer instead of the file that it stands for; fetch that with `git lfs pull`"
    if is_torch_archive(beginning) or is_safetensors(beginning) or beginning.startswith(LEGACY_MAGIC):
        return None
    for start, fault in _BEGINNINGS:
        if beginning.startswith(start):
            return fault
    if file.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[file.suffix.lower()]
    if beginning[257:262] == b"ustar":
        return "is a tar archive; unpack it first"
    if beginning[:1] == b"\x80" and beginning[1:2] <= b"\x05":
        return (
            "was written by pickle.dump, not by torch.save, and only running its code could read it; load it where "
            "you trust it, and save the model's state_dict() with torch.save"
        )
    text = _as_text(beginning)
    if text is not None:
        kind = "a web page" if text.lstrip()[:9].lower().startswith(("<!doctype", "<html")) else "text"
        return f"is {kind}, not weights; download the file itself again"
    if file.suffix.lower() == ".safetensors":
        return "is no safetensors file, though it is called so; copy or download it again"
    return "is neither safetensors nor written by torch.save; give such a file"


def _as_text(beginning: bytes) -> str | None:
    """Return the first characters of a text file; None for binary files."""
    try:
        text = beginning.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(beginning) - 4:  # not just a letter that is cut off
            return None
        text = beginning[: error.start].decode("utf-8")
    return text if all(letter.isprintable() or letter in "\t\r\n\f" for letter in text) else None
