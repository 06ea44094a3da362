"""The addresses that MLflow keeps of the files of experiments and runs, and how to mend those of a moved store.

MLflow keeps an absolute address of every experiment (`file:///data/store/artifacts/<suite>`) and of every run (the
same with `/<run id>/artifacts`). Once a store was moved, copied or mounted elsewhere, only the end of an address is
true; and the suite is in it, whatever the experiment is called by now. Frontrunner goes by these ends. MLflow's UI goes
by whole addresses, so that whoever writes to a store first makes them those of its folder.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from .readable_database import reading

_COLUMNS = {"experiments": ("experiment_id", "artifact_location"), "runs": ("run_uuid", "artifact_uri")}
"""The tables that hold addresses, with the columns of their key and of the address."""


@dataclass(frozen=True)
class Address:
    """An address of the files of a suite or of one of its runs, in parts that are percent-encoded."""

    root: str
    """The store's folder when the address was recorded."""
    encoded_suite: str
    end: str
    """Empty for a suite, `/<run id>/artifacts` for a run."""

    @classmethod
    def parse(cls, text: str | None, run_id: str = "") -> Address | None:
        """Return the parts of a suite's address, or of the run's whose id is given; None where it is neither."""
        end = f"/{run_id}/artifacts" if run_id else ""
        if not text or not text.endswith(end):
            return None
        root, found, suite = text.removesuffix(end).rpartition("/artifacts/")
        return cls(root, suite, end) if found and suite else None

    @property
    def suite(self) -> str:
        """The suite that the files are of."""
        return unquote(self.encoded_suite)

    @property
    def folder(self) -> Path | None:
        """The store's folder when the address was recorded; None where it is on no file system of this machine."""
        parts = urlsplit(self.root)
        if parts.scheme not in ("", "file"):
            return None
        return Path(url2pathname(parts.path) if parts.scheme else self.root)

    def moved_to(self, folder: Path) -> str:
        """Return the address in a store that stands in `folder` now."""
        return f"{folder.as_uri()}/artifacts/{self.encoded_suite}{self.end}"


@dataclass(frozen=True)
class Misplaced:
    """The addresses of a database that name another folder than the store's."""

    changes: dict[str, list[tuple[str, str]]]
    """By table: pairs of a key and the address that its row should have."""
    before: Path | None
    """The folder that the first of them names; None where all are right."""

    def __bool__(self) -> bool:
        return self.before is not None

    @property
    def counted(self) -> str:
        """How many there are, as in `2 experiments and 1 run`."""
        return " and ".join(
            f"{len(rows)} {table.removesuffix('s') if len(rows) == 1 else table}"
            for table, rows in self.changes.items()
        )


def find_misplaced(connection: sqlite3.Connection, folder: Path) -> Misplaced:
    """Return the addresses that name another folder than the store's, while the files are here.

    An address that Frontrunner has not recorded is left out: one with another end, and one whose files are where it
    says and not in the store.
    """
    here = folder.as_uri() + "/artifacts/"
    changes: dict[str, list[tuple[str, str]]] = {}
    before = None
    known: dict[tuple[str, str], bool] = {}
    for table, (key, column) in _COLUMNS.items():
        changes[table] = []
        rows = connection.execute(
            f"select {key}, {column} from {table} where substr({column}, 1, ?) <> ?", (len(here), here)
        )
        for name, text in rows:
            address = Address.parse(text, str(name) if table == "runs" else "")
            if address is None:
                continue
            of = (address.root, address.encoded_suite)
            if of not in known:
                known[of] = _is_of_store(address, folder)
            if known[of]:
                changes[table].append((name, address.moved_to(folder)))
                before = before or address.folder
    return Misplaced(changes, before)


def misplaced_in(database: Path, folder: Path) -> Misplaced:
    """Return what `find_misplaced` finds in a database that is only read; raise StoreError where it cannot be."""
    with reading(database) as connection:
        return find_misplaced(connection, folder)


def mend_addresses(database: Path, folder: Path) -> Misplaced:
    """Make misplaced addresses those of the store's folder, and return which they were; under the store's lock.

    Raises:
        sqlite3.Error: the database cannot be read or written.
    """
    with contextlib.closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        found = find_misplaced(connection, folder)
        for table, rows in found.changes.items():
            key, column = _COLUMNS[table]
            connection.executemany(
                f"update {table} set {column} = ? where {key} = ?", [(address, name) for name, address in rows]
            )
    return found


def _is_of_store(address: Address, folder: Path) -> bool:
    """Return whether a suite's files are in this store: they are here, or at least not where the address says."""
    if address.folder is None:
        return False
    places = (place / "artifacts" / address.suite for place in (folder, address.folder))
    here, there = map(os.path.exists, places)  # unlike Path.exists, False where a folder on the way cannot be entered
    return here or not there
