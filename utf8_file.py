"""UTF-8 whatever the locale says: the text of a file that a person has written, and names of files in a text."""

from __future__ import annotations

import codecs
from pathlib import Path

from .errors import ConfigError
from .os_errors import because

_OTHERS = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
"""What a file of another encoding begins with; that of UTF-32 begins with that of UTF-16."""


def read_utf8(file: Path, max_bytes: int) -> str:
    """Return the text of a file, without the mark at its beginning that some editors write.

    Args:
        file: a file or a pipe.
        max_bytes: more than a person writes; no more than this is read.

    Raises:
        ConfigError: the file cannot be read, is too large, or is of another encoding; the message names the line.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(max_bytes + 1)  # the size of a pipe is not known before
    except OSError as error:
        raise ConfigError(f"the file {str(file)!r} cannot be read {because(error)}") from error
    if len(content) > max_bytes:
        raise ConfigError(f"{file} is too large to be read: it may have {max_bytes:,} bytes at most, found more")
    return decode_utf8(content, file)


def decode_utf8(content: bytes, file: Path) -> str:
    """Return the text of a file's content, as `read_utf8` does; `file` is named in errors."""
    for mark, encoding in _OTHERS.items():
        if content.startswith(mark):
            raise ConfigError(f"{file} is {encoding}, expected UTF-8; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"line {line} of {file} is not UTF-8 (byte 0x{content[error.start]:02x}, perhaps Latin-1); save it as UTF-8"
        ) from error


def as_utf8(text: str) -> str:
    """Return a text that may hold the name of a file, such that UTF-8 can be written.

    Under a locale without UTF-8 Python keeps the bytes of such names as lone surrogates; they are read as UTF-8 here,
    and what is none becomes `\\xf6` and the like.
    """
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
