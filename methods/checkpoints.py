"""Checkpoints in the middle of a fit, so that an interrupted fit ends as if it had not been interrupted."""

from __future__ import annotations

import codecs
import contextlib
import pickle
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray

from ..errors import ConfigError, DataError
from ..one_line import as_one_line
from ..whole_file import flush

_NUMPY: list[Any] = [
    *(np.ndarray, np.dtype, multiarray._reconstruct, multiarray.scalar, codecs.encode),
    *{type(np.dtype(code)) for code in "?bBhHiIlLqQefd"},
]
"""What arrays and numbers of NumPy are pickled with, beside what PyTorch loads as weights."""


class Checkpoints:
    """Saves named states of a fit in a folder; without a folder nothing is kept.

    Args:
        folder: where the states of one fit of one configuration lie; it is made when first needed.
        interval_s: the least time between two checkpoints of a loop, in seconds.
        on_save: called after every save.
    """

    def __init__(
        self, folder: Path | None = None, *, interval_s: float = 60.0, on_save: Callable[[], None] = lambda: None
    ) -> None:
        self._folder = folder
        self._interval_s = interval_s
        self._on_save = on_save
        self._last = time.monotonic()
        self._readable: set[str] = set()

    @property
    def due(self) -> bool:
        """Whether a loop should save now; never without a folder."""
        return self._folder is not None and time.monotonic() - self._last >= self._interval_s

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Save a state under a name, over an earlier one.

        A state holds tensors, NumPy's arrays and numbers, numbers, texts, and lists and dicts of them.

        Raises:
            ConfigError: it holds something else, which could not be loaded again.
        """
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._file(name).with_suffix(".half")  # one name for all attempts: what a killed one left is replaced
        try:
            with _with_checksums():
                torch.save(dict(state), half)
            if name not in self._readable:
                _load(half, mmap=True, map_location="cpu")  # mapped, so that tensors take no memory a second time
            flush(half)
            half.replace(self._file(name))
            flush(self._folder)
        except (pickle.PickleError, TypeError, AttributeError) as error:
            found = re.search(r"GLOBAL (\S+)", str(error))
            raise ConfigError(
                f"the checkpoint {name!r} was to hold tensors, arrays, numbers, texts, and lists and dicts of them; "
                f"found {found[1] if found else error}"
            ) from error
        finally:
            half.unlink(missing_ok=True)
        self._readable.add(name)
        self._last = time.monotonic()
        self._on_save()

    def damaged(self) -> str:
        """Return in half a sentence which state is not as it was saved; empty where all of them are.

        A state is an archive, whose parts have checksums that loading does not look at.
        """
        for file in [] if self._folder is None else sorted(self._folder.glob("*.pt")):
            try:
                with zipfile.ZipFile(file) as archive:
                    part = archive.testzip()
                if part is not None:
                    raise zipfile.BadZipFile(f"the checksum of its part {part} is another")
                _load(file, mmap=True, map_location="cpu")
            except Exception as error:  # a damaged file can fail in any way
                return f"the checkpoint {file} is damaged ({as_one_line(str(error), 200)})"
        return ""

    def load(self, name: str, device: torch.device | str = "cpu") -> dict[str, Any] | None:
        """Return the last state saved under a name, or None.

        Raises:
            DataError: the file cannot be read.
        """
        if self._folder is None or not self._file(name).exists():
            return None
        try:
            return _load(self._file(name), map_location=device)
        except Exception as error:  # a damaged file can fail in any way
            raise DataError(f"the checkpoint {self._file(name)} cannot be read; remove it to fit anew") from error

    def _file(self, name: str) -> Path:
        assert self._folder is not None  # for the type checker: callers have looked
        return self._folder / f"{name}.pt"


@contextlib.contextmanager
def _with_checksums() -> Iterator[None]:
    """Have torch write checksums, which a learner may have turned off."""
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(True)
    try:
        yield
    finally:
        torch.serialization.set_crc32_options(before)


def _load(file: Path, **options: Any) -> dict[str, Any]:
    """Load a state; nothing in it is run."""
    with torch.serialization.safe_globals(_NUMPY):
        return dict(torch.load(file, weights_only=True, **options))
