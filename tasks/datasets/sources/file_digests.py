"""Digests of many files, each read once and remembered for as long as the file stays as it is."""

from __future__ import annotations

import hashlib
import logging
import os
import time
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from ....os_errors import because
from ....regular_file import check_regular
from ....whole_file import replacing
from ...cache_folder import cache_folder
from ...weight_files.file_identity import SETTLED_S
from ..raw_split import Tell, no_tell

logger = logging.getLogger("frontrunner")

DIGEST_BYTES = 16
TOLD_EVERY = 500
"""Files between two reports of progress."""
WORKERS = 4


def digests_of(root: Path, names: Sequence[str], tell: Tell = no_tell) -> NDArray[np.uint8]:
    """Return the digests (n, 16) of the content of files, BLAKE2b; the second time at the cost of one stat each.

    They are remembered by path, size, times and inode, in one file of the cache folder for all files of a folder.

    Args:
        root: the folder that the names are relative to.
        names: of the files.
        tell: told how many are read.

    Raises:
        DataError: a file cannot be read, or changes while it is read.
    """
    states = _states(root, names)
    kept = _Kept.of(root)
    known = kept.known(names, states)
    missing: list[int] = np.flatnonzero(~known.any(axis=1)).tolist()
    if len(missing) == 0:
        return known
    now = time.time_ns()
    with ThreadPoolExecutor(WORKERS) as pool:
        read = pool.map(lambda i: _digest(root / names[i]), missing)
        for done, (i, content) in enumerate(zip(missing, read, strict=True), 1):
            known[i] = np.frombuffer(content, np.uint8)
            if done % TOLD_EVERY == 0 or done == len(missing):
                tell(done, len(missing))
    now_other = (_states(root, [names[i] for i in missing]) != states[missing]).any(axis=1)
    if now_other.any():
        changed = names[missing[int(now_other.argmax())]]
        raise DataError(f"{root / changed} changed while it was read; try again once the data are complete")
    states[now - states[:, 1:3].max(axis=1) < SETTLED_S * 1e9] = -1  # to be read again
    kept.with_files(names, states, known).remember(root)
    return known


@dataclass(frozen=True)
class _Kept:
    """What was found out about the files of a folder before."""

    names: NDArray[np.uint8]
    """Names one after the other, as the system has them."""
    states: NDArray[np.int64]
    """(n, 5), see `_states`."""
    digests: NDArray[np.uint8]
    """(n, 16)."""

    @classmethod
    def of(cls, root: Path) -> _Kept:
        """Return what is kept of a folder; nothing where that is missing or damaged."""
        try:
            with _file(root).open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
                found = cls(kept["names"], kept["states"], kept["digests"])
            if found.states.shape[1:] == (5,) and found.digests.shape == (len(found.states), DIGEST_BYTES):
                return found
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
            pass
        return cls(np.empty(0, np.uint8), np.empty((0, 5), np.int64), np.empty((0, DIGEST_BYTES), np.uint8))

    def known(self, names: Sequence[str], states: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the digests (n, 16) of files in these states, zeros for those that must be read."""
        found = np.zeros((len(names), DIGEST_BYTES), np.uint8)
        if len(self.states) == len(names) and np.array_equal(self.names, _joined(names)):
            place = np.arange(len(names))
        else:
            kept_names = self.names.tobytes().split(b"\0") if len(self.states) else []
            places = {name: i for i, name in enumerate(kept_names)}
            place = np.array([places.get(os.fsencode(name), -1) for name in names], np.int64)
        kept = np.flatnonzero(place >= 0)
        kept = kept[(self.states[place[kept]] == states[kept]).all(axis=1)]
        found[kept] = self.digests[place[kept]]
        return found

    def with_files(self, names: Sequence[str], states: NDArray[np.int64], digests: NDArray[np.uint8]) -> _Kept:
        """Return what is kept, with these files in their new states; other data sets may have files in the folder."""
        new = {os.fsencode(name) for name in names}
        old = self.names.tobytes().split(b"\0") if len(self.states) else []
        others = [i for i, name in enumerate(old) if name not in new]
        joined = b"\0".join([*(os.fsencode(name) for name in names), *(old[i] for i in others)])
        return _Kept(
            np.frombuffer(joined, np.uint8),
            np.concatenate([states, self.states[np.array(others, np.int64)]]),
            np.concatenate([digests, self.digests[np.array(others, np.int64)]]),
        )

    def remember(self, root: Path) -> None:
        """Keep it for later processes; where that cannot be done, files are read again."""
        file = _file(root)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as partial, partial.open("wb") as opened:
                np.savez(opened, names=self.names, states=self.states, digests=self.digests)
        except OSError as error:
            logger.info("%s cannot be kept (%s); the files are read again", file, error)


def _file(root: Path) -> Path:
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32]
    return cache_folder() / "digests" / f"{name}.npz"


def _joined(names: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(b"\0".join(os.fsencode(name) for name in names), np.uint8)


def _states(root: Path, names: Sequence[str]) -> NDArray[np.int64]:
    """Return size, times of modification and of change, inode and device of every file, (n, 5)."""
    states = np.empty((len(names), 5), np.int64)
    for i, name in enumerate(names):
        try:
            found = os.stat(root / name)
        except OSError as error:
            raise DataError(f"{root / name} cannot be read {because(error)}") from error
        inode, device = (number & 0x7FFF_FFFF_FFFF_FFFF for number in (found.st_ino, found.st_dev))
        states[i] = found.st_size, found.st_mtime_ns, found.st_ctime_ns, inode, device
    return states


def _digest(file: Path) -> bytes:
    try:
        check_regular(file)
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)).digest()
    except OSError as error:
        raise DataError(f"{file} cannot be read {because(error)}") from error
