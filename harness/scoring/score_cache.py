"""Scores that have been computed, kept beside the store; whatever it holds can be computed again.

Everything is found by the content it was computed from: scores by the digest of the recorded front (and of the
reference front they were measured to), references by the digests of the fronts they are the union of. A file that has
kept its size and time of change since its content was checked is not read again. A score's name carries its
indicator's version, so that one computed in another way is computed again. Every entry carries a checksum: one that is
damaged counts as none.
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

from ..records.attempt import Attempt
from ..records.finished_cell import FRONT
from ..records.status import Status

Scores = dict[str, float | None]
"""Indicator's name and version -> its value, None where it has none."""

VERSION = 3
"""Version of the tables and of what they hold; a cache of another one starts empty."""

_TABLES = """
create table files (path text primary key, size integer, changed_ns integer, digest text);
create table scores (front text, reference text, content text, primary key (front, reference));
create table fronts (front text primary key, content text);
create table reference_fronts (union_of text primary key, content text);
"""


class ScoreCache:
    """An open cache; what is added is written when the context ends."""

    def __init__(self, connection: sqlite3.Connection, *, add_only: bool) -> None:
        self._connection = connection
        self._new: list[tuple[str, tuple[Any, ...]]] = []
        if not add_only:
            _ = self._files, self._scores  # now, since a damaged cache is made anew while it is opened

    @functools.cached_property
    def _files(self) -> dict[str, tuple[int, int, str]]:
        return {path: (size, changed, digest) for path, size, changed, digest in self._all("files")}

    @functools.cached_property
    def _scores(self) -> dict[tuple[str, str], str]:
        return {(front, reference): content for front, reference, content in self._all("scores")}

    def digest(self, attempt: Attempt) -> str | None:
        """Return the digest of an attempt's front; None where it did not finish or its file is missing or damaged."""
        recorded = attempt.digests.get(FRONT)
        if attempt.status is not Status.FINISHED or recorded is None:
            return None
        try:
            found = os.stat(f"{attempt.folder}/{FRONT}")
        except OSError:
            return None
        if self._files.get(attempt.run_id) != (found.st_size, found.st_mtime_ns, recorded):
            if attempt.intact() is None:
                return None
            self.keep_file(attempt)
        return recorded

    def keep_file(self, attempt: Attempt) -> None:
        """Remember that an attempt's front was found to be the one that was recorded."""
        found = os.stat(f"{attempt.folder}/{FRONT}")
        self._add("files", attempt.run_id, found.st_size, found.st_mtime_ns, attempt.digests[FRONT])

    def scores(self, front: str, reference: str = "") -> Scores:
        """Return what is kept of a front, by itself or against a reference; empty where nothing is."""
        return _unsealed(self._scores.get((front, reference))) or {}

    def keep_scores(self, front: str, scores: Scores, reference: str = "") -> None:
        """Keep scores of a front, by itself or against a reference."""
        content = _sealed(scores)
        if "_scores" in vars(self):  # else they are read once it is needed, this one included
            self._scores[front, reference] = content
        self._add("scores", front, reference, content)

    def front(self, front: str) -> Mapping[str, Any] | None:
        """Return what is kept of a front's content."""
        return self._one("fronts", "front", front)

    def keep_front(self, front: str, content: Mapping[str, Any]) -> None:
        """Keep a front's content, JSON values, by its digest."""
        self._add("fronts", front, _sealed(content))

    def reference(self, union_of: str) -> Mapping[str, Any] | None:
        """Return what is kept of a reference front."""
        return self._one("reference_fronts", "union_of", union_of)

    def keep_reference(self, union_of: str, content: Mapping[str, Any]) -> None:
        """Keep a reference front's content, JSON values, by what it is the union of."""
        self._add("reference_fronts", union_of, _sealed(content))

    def write(self) -> None:
        """Write all that was added, at once; what cannot be written is computed again the next time."""
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
        except sqlite3.Error:  # a damaged page
            return None
        return None if row is None else _unsealed(row[0])


@contextlib.contextmanager
def open_cache(folder: Path, *, add_only: bool = False) -> Iterator[ScoreCache]:
    """Open the cache of a store's folder; one of another version, damaged or not to be written starts empty.

    Args:
        folder: the store's.
        add_only: nothing will be looked up, so the scores that are kept need not be read, however many there are.
    """
    connection, cache = _open(folder / "scores.sqlite", add_only=add_only)
    with contextlib.closing(connection):
        yield cache
        cache.write()


def _open(file: Path, *, add_only: bool) -> tuple[sqlite3.Connection, ScoreCache]:
    for place in (file, file, Path(":memory:")):  # a second time once what is damaged has been removed
        connection = sqlite3.connect(place, timeout=60) if place != file or not file.is_dir() else None
        if connection is None:
            continue
        try:
            if connection.execute("pragma user_version").fetchone()[0] != VERSION:
                _make_tables(connection)
            return connection, ScoreCache(connection, add_only=add_only)
        except sqlite3.Error as error:
            connection.close()
            locked = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
            if not locked:  # it can all be computed again
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
    raise AssertionError("a database in memory can always be made")


def _make_tables(connection: sqlite3.Connection) -> None:
    with connection:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            connection.execute(f"drop table {table}")
        connection.executescript(f"{_TABLES} pragma user_version = {VERSION};")


def _sealed(content: Mapping[str, Any]) -> str:
    """As JSON behind its checksum."""
    text = json.dumps(dict(content))
    return f"{zlib.crc32(text.encode()):08x}{text}"


def _unsealed(sealed: object) -> dict[str, Any] | None:
    """What was sealed; None where it was damaged since."""
    if not isinstance(sealed, str) or f"{zlib.crc32(sealed[8:].encode()):08x}" != sealed[:8]:
        return None
    found: dict[str, Any] = json.loads(sealed[8:])
    return found
