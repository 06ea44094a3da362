"""Explain an error of the operating system: what it said of which file, and what to do about it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

_ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or have the quota raised",
    errno.EFBIG: "the file system takes no file of this size; use another",
    errno.EROFS: "its file system is mounted read-only; use another folder",
    errno.EACCES: "give yourself permission, or use another folder",
    errno.EPERM: "give yourself permission, or use another folder",
    errno.ENOTDIR: "a file stands where a folder is expected; move it away",
    errno.ENAMETOOLONG: "use shorter names",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close other programs, since the machine has no more open files",
    errno.EAGAIN: "raise the limit of processes (ulimit -u)",
    errno.ENOMEM: "free some memory",
    errno.ESTALE: "mount its file system again",
    errno.EIO: "check the disk or the network that it is on",
}
"""What to do about an error, by its number; for any other the system's words must do."""
_NUMBER = re.compile(r"\b(?:os error|errno) (\d+)", re.IGNORECASE)
"""How libraries in Rust and C++ (safetensors, Arrow) pass the number on."""


_OF_THE_FILE = {None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
"""Numbers of errors that a damaged folder causes; Arrow raises OSErrors without a number for damaged files."""


_OF_THE_TARGET = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Numbers of errors that only writing causes."""


def of_the_machine(error: BaseException) -> bool:
    """Return whether an error says nothing about a file's content, which may be read another time.

    Such errors are too many open files, a disk or network that fails, missing permission, and lack of memory. A file
    that is missing is none of them.
    """
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno not in _OF_THE_FILE)


def of_the_system(error: BaseException) -> bool:
    """Return whether the operating system refused to read or write, also where a library in Rust or C++ says so."""
    return isinstance(error, OSError) or _NUMBER.search(str(error)) is not None


def is_full(error: BaseException) -> bool:
    """Return whether an error says that there is no space left here, also where a library only passes its text on."""
    told = _NUMBER.search(str(error))
    return (int(told[1]) if told else getattr(error, "errno", None)) in (errno.ENOSPC, errno.EDQUOT)


def because(error: Exception) -> str:
    """Return why something failed, with what to do: `(No space left on device: 'x'); free some space`.

    It follows what could not be done, as in `the page cannot be written (...); ...`.
    """
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and error.strerror:
        file = error.filename
        if error.errno in _OF_THE_TARGET and error.filename2 is not None:  # of a copy; `filename` is what is copied
            file = error.filename2
        reason = error.strerror if file is None else f"{error.strerror}: {str(file)!r}"
    elif number is None and (told := _NUMBER.search(reason)):
        number = int(told[1])
    advice = _ADVICE.get(number or 0)
    if "temporary directory" in reason:
        advice = "set TMPDIR to a folder that can be written"
    return f"({reason})" + (f"; {advice}" if advice else "")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, then what it came from, from the outside in; each once, since a chain may lead back to itself."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
