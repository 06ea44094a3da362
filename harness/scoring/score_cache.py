"""Keep computed scores in a file of the store's folder; everything it holds can be computed again.

Entries are found by the content they were computed from: scores by the digest of the recorded front (and of the
reference front they were measured to), references by the digests of the fronts they are the union of. A front's file is
not read again while its size and modification time are those of the last check. Scores are named by indicator and
version, so that those of an older version are computed again. Every score and reference has a checksum; a damaged one
is ignored.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnreadableError
from ..records.attempt import Attempt
from ..records.finished_cell import FRONT
from ..records.status import Status

Scores = dict[str, float | None]
"""Values by the indicator's name and version; None where the indicator has no meaning for the front."""

VERSION = 5
"""Version of the tables and their content; a cache of another version is emptied."""

_NO_DAMAGE = tuple(f"SQLITE_{kind}" for kind in ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "PERM", "IOERR", "FULL"))
"""How the names of errors begin after which a cache is left as it is; after any other it is damaged, and removed."""

_TABLES = """
create table files (path text primary key, size integer, changed_ns integer, digest text);
create table scores (front text, reference text, content text, primary key (front, reference));
create table fronts (front text primary key, content text);
create table resampled (front text primary key, content blob);
create table reference_fronts (union_of text primary key, content text);
"""


class ScoreCache:
    """An open cache; what is added is kept in memory until `write`.

    Args:
        connection: a database that has the tables.
        add_only: do not read the entries now, since none will be looked up.
    """

    def __init__(self, connection: sqlite3.Connection, *, add_only: bool) -> None:
        self._connection = connection
        self._new: list[tuple[str, tuple[Any, ...]]] = []
        if not add_only:
            # Read now: an error while the cache is opened makes it start empty.
            _ = self._files, self._scores, self._resampled

    @functools.cached_property
    def _files(self) -> dict[str, tuple[int, int, str]]:
        return {path: (size, changed, digest) for path, size, changed, digest in self._all("files")}

    @functools.cached_property
    def _scores(self) -> dict[tuple[str, str], str]:
        return {(front, reference): content for front, reference, content in self._all("scores")}

    @functools.cached_property
    def _resampled(self) -> dict[str, bytes]:
        return dict(self._all("resampled").fetchall())

    def digest(self, attempt: Attempt) -> str | None:
        """Return the digest of an attempt's front; None where it did not finish or the file is missing or damaged."""
        recorded = attempt.digests.get(FRONT)
        if attempt.status is not Status.FINISHED or recorded is None:
            return None
        try:
            found = os.stat(attempt.located(FRONT))
        except OSError:
            return None
        if self._files.get(attempt.run_id) != (found.st_size, found.st_mtime_ns, recorded):
            try:
                if attempt.intact() is None:
                    return None
            except UnreadableError:
                return None
            self.keep_file(attempt)
        return recorded

    def keep_file(self, attempt: Attempt) -> None:
        """Keep the fact that an attempt's front file has been checked, and is the one that was recorded."""
        found = os.stat(f"{attempt.folder}/{FRONT}")
        self._add("files", attempt.run_id, found.st_size, found.st_mtime_ns, attempt.digests[FRONT])

    def scores(self, front: str, reference: str = "") -> Scores:
        """Return the scores kept of a front, alone or against the reference with this digest; empty without any."""
        return _unsealed(self._scores.get((front, reference))) or {}

    def keep_scores(self, front: str, scores: Scores, reference: str = "") -> None:
        """Keep scores of a front, alone or against the reference with this digest."""
        content = _sealed(scores)
        if "_scores" in vars(self):  # else reading them later includes this one
            self._scores[front, reference] = content
        self._add("scores", front, reference, content)

    def resampled(self, front: str) -> NDArray[np.float32] | None:
        """Return the hypervolumes kept of the front with this digest on resampled test examples, or None."""
        return _unpacked(self._resampled.get(front))

    def keep_resampled(self, front: str, volumes: NDArray[np.float64]) -> None:
        """Keep the hypervolumes of a front on resampled test examples."""
        content = _packed(volumes)
        if "_resampled" in vars(self):
            self._resampled[front] = content
        self._add("resampled", front, content)

    def front(self, front: str) -> Mapping[str, Any] | None:
        """Return the content kept of the front with this digest, or None."""
        return self._one("fronts", "front", front)

    def keep_front(self, front: str, content: Mapping[str, Any]) -> None:
        """Keep the content (JSON values) of the front with this digest."""
        self._add("fronts", front, _sealed(content))

    def reference(self, union_of: str) -> Mapping[str, Any] | None:
        """Return the reference front kept for a union of fronts, given the digest of that union, or None."""
        return self._one("reference_fronts", "union_of", union_of)

    def keep_reference(self, union_of: str, content: Mapping[str, Any]) -> None:
        """Keep a reference front (JSON values), by the digest of the fronts it is the union of."""
        self._add("reference_fronts", union_of, _sealed(content))

    def write(self) -> None:
        """Write everything added so far in one transaction; what cannot be written is computed again the next time."""
        with contextlib.suppress(sqlite3.Error), self._connection:
            for table, values in self._new:
                marks = ", ".join("?" * len(values))
                self._connection.execute(f"insert or replace into {table} values ({marks})", values)
        self._new.clear()

    def _add(self, table: str, *values: object) -> None:
        self._new.append((table, values))

    def _all(self, table: str) -> sqlite3.Cursor:
        return self._connection.execute(f"select * from {table}")

    def _one(self, table: str, key: str, value: str) -> Mapping[str, Any] | None:
        try:
            row = self._connection.execute(f"select content from {table} where {key} = ?", (value,)).fetchone()
        except sqlite3.Error:  # a page of the database is damaged
            return None
        return None if row is None else _unsealed(row[0])


@contextlib.contextmanager
def open_cache(folder: Path, *, add_only: bool = False) -> Iterator[ScoreCache]:
    """Open the cache in a store's folder, and write to it when the context ends.

    A cache of another version, or a damaged one, starts empty; one that cannot be opened is replaced by one in memory.

    Args:
        folder: the store's folder.
        add_only: do not read the entries that are kept, since none will be looked up.
    """
    connection, cache = _open(folder / "scores.sqlite", add_only=add_only)
    with contextlib.closing(connection):
        yield cache
        cache.write()


def _open(file: Path, *, add_only: bool) -> tuple[sqlite3.Connection, ScoreCache]:
    for place in (file, file, Path(":memory:")):  # the file a second time, after a damaged one was removed
        with contextlib.ExitStack() as failed:
            try:
                if place == file and file.is_dir():
                    continue
                connection = sqlite3.connect(place, timeout=60)
                failed.callback(connection.close)
                connection.execute("pragma synchronous = off")  # what a loss of power damages is computed again
                if connection.execute("pragma user_version").fetchone()[0] != VERSION:
                    _make_tables(connection)
                cache = ScoreCache(connection, add_only=add_only)
            except sqlite3.Error as error:
                if not getattr(error, "sqlite_errorname", "").startswith(_NO_DAMAGE):
                    with contextlib.suppress(OSError):
                        file.unlink(missing_ok=True)
            else:
                failed.pop_all()
                return connection, cache
    raise AssertionError("a database in memory can always be made")


def _make_tables(connection: sqlite3.Connection) -> None:
    with connection:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            connection.execute(f"drop table {table}")
        connection.executescript(f"{_TABLES} pragma user_version = {VERSION};")


def _sealed(content: Mapping[str, Any]) -> str:
    """Return content as JSON text that begins with its checksum."""
    text = json.dumps(dict(content))
    return f"{zlib.crc32(text.encode()):08x}{text}"


def _packed(volumes: NDArray[np.float64]) -> bytes:
    """Return numbers as bytes, seven digits each, that begin with their checksum."""
    content = np.asarray(volumes, dtype="<f4").tobytes()
    return zlib.crc32(content).to_bytes(4, "little") + content


def _unpacked(packed: object) -> NDArray[np.float32] | None:
    """Return the numbers that `_packed` has packed; None where they are damaged."""
    if not isinstance(packed, bytes) or zlib.crc32(packed[4:]).to_bytes(4, "little") != packed[:4]:
        return None
    return np.frombuffer(packed, dtype="<f4", offset=4)


def _unsealed(sealed: object) -> dict[str, Any] | None:
    """Return the content of a text that `_sealed` has made; None where the text is damaged."""
    if not isinstance(sealed, str) or f"{zlib.crc32(sealed[8:].encode()):08x}" != sealed[:8]:
        return None
    found: dict[str, Any] = json.loads(sealed[8:])
    return found
