"""What every file that a command writes has in common: it can be written, said early, or cannot, said in a sentence."""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from ...errors import ConfigError
from ...os_errors import because


def require_writable(file: Path, endings: Collection[str], *, what: str) -> None:
    """Raise ConfigError where a file could not be written, before hours are spent on what goes into it.

    Args:
        file: the file.
        endings: those that it may have.
        what: what is written and how, as in "a front is drawn".
    """
    if file.suffix not in endings:
        *others, last = endings
        raise ConfigError(f"{what} to a {', '.join(others)} or {last} file, found {str(file)!r}")
    if file.is_dir():
        raise ConfigError(f"{str(file)!r} is a folder; name a file")
    folder = file.resolve().parent
    if folder.is_file():
        raise ConfigError(f"{str(file.parent)!r} is a file and no folder, so {str(file)!r} cannot be written")
    if not folder.is_dir():
        raise ConfigError(f"the folder of {str(file)!r} does not exist; make it first")


@contextlib.contextmanager
def writing(file: Path) -> Iterator[None]:
    """Turn an error of the file system while a file is written into a ConfigError that names it."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{file} cannot be written {because(error)}") from error
